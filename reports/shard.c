#include "reports/shard.h"

#include <string.h>

#include "base/text.h"

int gbl_shard_read(gbl_shard *out, const char *text, gbl_err *err)
{
    const char *slash = text ? strchr(text, '/') : NULL;
    *out = (gbl_shard){1, 1};
    if (!text) return GBL_OK;
    if (slash && gbl_text_int(text, (size_t)(slash - text), &out->k) == 0 &&
        gbl_text_int(slash + 1, strlen(slash + 1), &out->of) == 0 && out->of >= 1 && out->k >= 0 && out->k <= out->of)
        return GBL_OK;
    gbl_fail(err, GBL_EINPUT, "there is no shard %.80s", text);
    gbl_where(err, "--shard");
    return gbl_expected(err, "--shard K/N, K from 1 to N (or from 0 to N - 1)");
}

int gbl_shard_has(const gbl_shard *s, size_t task)
{
    return (int64_t)(task % (size_t)s->of) == s->k % s->of;
}
