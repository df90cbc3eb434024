/* serial - token by token: a request decodes. */
#include "policies/policy.h"

static const gbl_execute_policy serial_policy = {
    {sizeof(gbl_execute_policy), GBL_EXECUTE, GBL_ABI, "serial", "One token a step, through all layers, one operator after another.", "every serving engine", NULL, 0, 0, 0},
    NULL, NULL, NULL};
GBL_EXPORT(&serial_policy.head);
