/* attention.c - see attention.h. */
#include "validate/lab/attention.h"

void gbl_attention_close(gbl_attention *a)
{
    if (a) a->close(a);
}
