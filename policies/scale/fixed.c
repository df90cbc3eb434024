/* fixed - every replica of the cluster, all the time. */
#include "policies/policy.h"

static const gbl_scale_policy fixed = {
    {sizeof(gbl_scale_policy), GBL_SCALE, GBL_ABI, "fixed", "Every replica of the cluster, all the time.", "no autoscaler", NULL, 0, 0, 0},
    NULL, NULL, NULL, NULL};
GBL_EXPORT(&fixed.head);
