/* always - everybody is let in at once; the replicas' queues hold what cannot run yet. */
#include "policies/policy.h"

static const gbl_admit_policy always_policy = {
    {sizeof(gbl_admit_policy), GBL_ADMIT, GBL_ABI, "always", "Everybody is let in at once.", "what engines do by themselves", NULL, 0, 0, 0}, NULL, NULL};
GBL_EXPORT(&always_policy.head);
