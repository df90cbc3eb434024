/* Any bytes as a scenario; lines behind "@@" are --set texts. One that binds says itself as a whole document that binds to the
 * same, and its steps have a price. */
#include "tests/fuzz/feed.h"
#include "sim/scenario.h"

enum { SETS = 8 };

static gbl_scenario *bind(const char *name, const char *text, const char *const *sets, int n, gbl_err *err)
{
    gbl_doc *d = NULL;
    gbl_scenario *s = NULL;
    char path[256];
    int code = gbl_doc_parse(&d, name, text, strlen(text), err);
    for (int i = 0; i < n && !code; i++) {
        const char *is = strchr(sets[i], '=');
        if (!is || (size_t)(is - sets[i]) >= sizeof path) continue;
        snprintf(path, sizeof path, "%.*s", (int)(is - sets[i]), sets[i]);
        code = gbl_doc_set(d, path, is + 1, err);
    }
    if (code) gbl_doc_free(d);
    else code = gbl_scenario_bind(&s, d, err);
    assert(!code == (s != NULL));
    return s;
}

/* Its own words bind again, to the same words: nothing is lost or read in another way. */
static void say_again(const gbl_scenario *s)
{
    gbl_err err = {0};
    const char *says = gbl_scenario_json(s, 0);
    assert(says);
    gbl_scenario *again = bind("again", says, NULL, 0, &err);
    assert(again);
    const char *same = gbl_scenario_json(again, 0);
    assert(same && !strcmp(says, same));
    gbl_scenario_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = feed_text(data, size), *line = feed_after(text, "@@");
    const char *sets[SETS];
    int n = 0;
    gbl_err err = {0};

    for (char *next; n < SETS && *line; line = next) {
        next = feed_after(line, "\n");
        sets[n++] = line;
    }
    gbl_scenario *s = bind("fuzz", text, sets, n, &err);
    if (!s) return feed_refused(&err), 0;
    say_again(s);
    for (size_t i = 0; i < s->n_pools; i++) {
        gbl_cost *c = NULL;
        if (gbl_scenario_cost(s, i, &c, &err)) feed_refused(&err);
        gbl_cost_free(c);
    }
    gbl_scenario_free(s);
    return 0;
}
