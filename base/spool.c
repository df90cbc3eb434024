#include "base/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

FILE *gbl_spool_named(char *path, size_t size, const char *ending, gbl_err *err)
{
    const char *folder = getenv("TMPDIR");
    FILE *f = NULL;
    int n = snprintf(path, size, "%s/gable-XXXXXX%s", folder && folder[0] ? folder : "/tmp", ending), fd = -1;
    errno = ENAMETOOLONG;
    if (n > 0 && (size_t)n < size && (fd = mkstemps(path, (int)strlen(ending))) >= 0 && (f = fdopen(fd, "w+"))) return f;
    gbl_fail(err, GBL_EINPUT, "cannot make a temporary file: %s", strerror(errno));
    gbl_where(err, "%s", path);
    gbl_expected(err, "a folder in $TMPDIR, or /tmp, that this user may write to");
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    path[0] = '\0';
    return NULL;
}

FILE *gbl_spool_new(gbl_err *err)
{
    char path[4096];
    FILE *f = gbl_spool_named(path, sizeof path, "", err);
    if (f) unlink(path);
    return f;
}
