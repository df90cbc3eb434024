/* scenario_parts.h - the parts of a scenario document that have a file each: reading, checking, writing and describing it, in one
 * place. scenario.c calls them in the order in which they need one another; tiers stand in tier_spec.c and shared_spec.c. */
#ifndef GBL_SCENARIO_PARTS_H
#define GBL_SCENARIO_PARTS_H
#include "base/param.h"
#include "sim/scenario.h"

int gbl_cluster_spec_bind(gbl_scenario *s, gbl_err *err);
/* After the tiers: bytes that move need a network; where none do, its keys may only say their defaults. */
int gbl_cluster_spec_network(gbl_scenario *s, gbl_err *err);
void gbl_cluster_spec_json(const gbl_scenario *s, gbl_json *j);
void gbl_cluster_spec_schema(gbl_json *j);

int gbl_policy_spec_bind(gbl_scenario *s, gbl_err *err); /* after the cluster; all families but compress */
int gbl_policy_spec_tiers(const gbl_scenario *s, gbl_err *err); /* after the tiers and compress: who reads them */
int gbl_policy_spec_execute(const gbl_scenario *s, gbl_err *err); /* after all but "run" */
void gbl_policy_spec_json(const gbl_scenario *s, gbl_json *j);
void gbl_policy_spec_schema(gbl_json *j);

int gbl_compress_spec_bind(gbl_scenario *s, gbl_err *err);  /* after model, engine, cluster and the other policies */
int gbl_compress_spec_tiers(const gbl_scenario *s, gbl_err *err); /* after the tiers: who reads them */
void gbl_compress_spec_json(const gbl_scenario *s, const char *key, gbl_json *j);

int gbl_slo_spec_bind(gbl_scenario *s, gbl_err *err);
void gbl_slo_spec_json(const gbl_scenario *s, gbl_json *j);
void gbl_slo_spec_schema(gbl_json *j);

/* For them all, in scenario.c. */
int gbl_part_object(const gbl_node *n, gbl_err *err); /* NULL or an object */
/* A key of `object` that nothing reads, because of `why`, may only say its default. */
int gbl_part_unread(const gbl_param *rows, const gbl_node *object, const char *why, gbl_err *err);

#endif
