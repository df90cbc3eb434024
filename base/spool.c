#include "base/spool.h"

#include <errno.h>
#include <string.h>

FILE *gbl_spool_new(gbl_err *err)
{
    FILE *f = tmpfile();
    if (!f) gbl_fail(err, GBL_EFAULT, "cannot make a temporary file: %s", strerror(errno));
    return f;
}
