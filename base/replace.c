#include "base/replace.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

int gbl_replace_fail(gbl_err *err, const char *path, int os_errno)
{
    int space = os_errno == ENOSPC || os_errno == EDQUOT || os_errno == EFBIG;
    const char *why = os_errno == ENOSPC  ? "the disk is full"
                      : os_errno == EDQUOT ? "the disk quota is used up"
                      : os_errno == EFBIG  ? "the file would grow over its size limit"
                      : os_errno           ? strerror(os_errno)
                                           : "an earlier write failed";
    gbl_fail(err, GBL_EINPUT, "cannot write the file: %s", why);
    gbl_where(err, "%s", path);
    return gbl_expected(err, space ? "free space; nothing was left there, and what stood under this name stays" : "a file in an existing folder this user may write to");
}

int gbl_replace_begin(gbl_replace *r, const char *path, gbl_err *err)
{
    struct stat st;
    int standard = strcmp(path, "-") == 0, there = !standard && stat(path, &st) == 0;
    r->to = NULL;
    r->refused = gbl_alloc_refused();
    r->part[0] = '\0';
    if (there && S_ISDIR(st.st_mode)) return gbl_replace_fail(err, path, EISDIR);
    int special = standard || (there && !S_ISREG(st.st_mode));
    if (!path[0]) return gbl_replace_fail(err, path, ENOENT);
    if ((size_t)snprintf(r->path, sizeof r->path, "%s", path) >= sizeof r->path || (!special && (size_t)snprintf(r->part, sizeof r->part, "%s.%ld.part", path, (long)getpid()) >= sizeof r->part))
        return gbl_replace_fail(err, "a name of more than 4,000 bytes", ENAMETOOLONG);
    errno = 0;
    if (standard) {
        int fd = fflush(stdout) == 0 ? dup(STDOUT_FILENO) : -1;
        r->to = fd >= 0 ? fdopen(fd, "w") : NULL;
        if (!r->to && fd >= 0) close(fd);
    } else r->to = fopen(special ? path : r->part, "w");
    return r->to ? GBL_OK : gbl_replace_fail(err, path, errno);
}

/* A stream that failed some writes ago has forgotten why; the same disk tells again. What is written goes away anyhow. */
static int ask_again(FILE *to)
{
    errno = 0;
    return write(fileno(to), " ", 1) < 0 ? errno : 0;
}

int gbl_replace_end(gbl_replace *r, int code, gbl_err *err)
{
    int regular = r->part[0] != '\0';
    if (!code && gbl_alloc_refused() != r->refused) code = gbl_nomem(err, 0); /* what was written may lack something */
    errno = 0;
    int bad = ferror(r->to) || fflush(r->to) != 0 || (regular && fsync(fileno(r->to)) != 0), why = errno;
    if (bad && !why && regular) why = ask_again(r->to);
    errno = 0;
    if (fclose(r->to) != 0 && !bad) bad = 1, why = errno;
    if (!code && bad) code = gbl_replace_fail(err, r->path, why);
    if (!code && regular && rename(r->part, r->path) != 0) code = gbl_replace_fail(err, r->path, errno);
    if (code && regular) unlink(r->part);
    return code;
}
