/* explain.h - one card, policy or word of the generators in full, with its sources. */
#ifndef GBL_EXPLAIN_H
#define GBL_EXPLAIN_H
#include <stdio.h>
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

/* NAME, KIND/NAME, or policy/NAME for any family. Where a name is several things, they are listed as KIND/NAME. A published
 * system that is neither card nor policy: what its claim file says (claims/NAME where it is both). One object; an unknown name
 * writes nothing. */
int gbl_explain_json(gbl_json *j, const char *name, gbl_arena *a, gbl_err *err);
int gbl_explain_print(FILE *to, const char *name, gbl_arena *a, gbl_err *err);

#endif
