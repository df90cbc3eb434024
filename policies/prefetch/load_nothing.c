/* never - nothing is loaded: what lies below HBM is computed again. The floor that loading is measured against. */
#include "policies/policy.h"

static const gbl_prefetch_policy never_policy = {
    {sizeof(gbl_prefetch_policy), GBL_PREFETCH, GBL_ABI, "never", "Nothing is loaded: what lies below HBM is computed again.",
     "the floor: tiers that are written and never read", NULL, 0, 0, 0},
    NULL, NULL, NULL};
GBL_EXPORT(&never_policy.head);
