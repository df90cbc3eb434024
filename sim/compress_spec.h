/* compress_spec.h - the scenario's policy.compress: reading, checking, writing. */
#ifndef GBL_COMPRESS_SPEC_H
#define GBL_COMPRESS_SPEC_H
#include "sim/scenario.h"

int gbl_compress_spec_bind(gbl_scenario *s, gbl_err *err);  /* after model, engine, cluster and the other policies */
int gbl_compress_spec_tiers(const gbl_scenario *s, gbl_err *err); /* after the tiers: who reads them */
void gbl_compress_spec_json(const gbl_scenario *s, const char *key, gbl_json *j);

#endif
