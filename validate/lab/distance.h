/* distance.h - how Elastic Cache and PrefixKV go on after the prompt: the token 25 places before the end goes, whenever more is held than
 * the share of all tokens that the prompt kept. */
#ifndef GBL_DISTANCE_H
#define GBL_DISTANCE_H
#include "validate/lab/cache.h"

void gbl_cache_step_distance(gbl_cache *c, const gbl_row *row);

#endif
