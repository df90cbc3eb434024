/* copula.h - what the gap before a request, its input and its output have to do with each other: a Gaussian copula of stated rank
 * correlations, whatever the fields' distributions are.
 *
 * Spearman's correlation s of two fields is that of normal variables with correlation r = 2 sin(pi s / 6) behind them (Pearson
 * 1907; Kruskal, "Ordinal Measures of Association", JASA 1958). Fields with many ties (few different lengths) keep the order of
 * the draws behind them, but their own rank correlation is smaller. */
#ifndef GBL_COPULA_H
#define GBL_COPULA_H
#include "base/doc.h"
#include "base/json.h"
#include "base/mem.h"

typedef struct gbl_copula {
    int32_t on;
    double input_output, gap_input, gap_output; /* Spearman's, -1..1 */
    double in_gap, in_own, out_gap, out_in, out_own; /* rows of the Cholesky factor in the order gap, input, output */
} gbl_copula;

/* n NULL: off. Refused where no three fields can have these correlations. */
int gbl_copula_bind(gbl_copula *c, const gbl_node *n, gbl_arena *a, gbl_err *err);
/* Independent uniforms of a request made dependent; that of the gap stays, and so does whatever correlates with nothing before it. */
void gbl_copula_apply(const gbl_copula *c, double u_gap, double *u_input, double *u_output);
void gbl_copula_schema(const char *key, gbl_json *j);
void gbl_copula_json(const gbl_copula *c, const char *key, gbl_json *j);
void gbl_copula_help(const char *prefix, FILE *to);

#endif
