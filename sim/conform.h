/* conform.h - does a policy keep its contract? Small scenarios of every kind the family meets (light load, too few KV blocks with
 * recomputing and with swapping, shared prefixes, several replicas, tiers) are run with it, and must
 *   - end without a fault, each check in a process of its own with a limit of time: plans within budgets, nobody planned twice, victims its own and evictable (the engine checks each call)
 *   - give the same bytes with holds and with --exact, which asks the policy at every step: a held plan holds
 *   - give the same bytes when run again, and when another run of it goes on beside it: no statics, no clock, no own dice */
#ifndef GBL_CONFORM_H
#define GBL_CONFORM_H
#include <stdio.h>
#include "base/err.h"

/* One line a check to `to`; `plugin` a path, or NULL for built-ins; `name`: one policy (FAMILY/NAME or NAME), or NULL for all of the
 * plug-in, or of the house. Returns the number of checks that failed; err is set where nothing could be tried. */
int gbl_conform(const char *plugin, const char *name, FILE *to, gbl_err *err);

#endif
