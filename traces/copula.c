/* copula.c - see copula.h. */
#include "traces/copula.h"
#include <math.h>
#include "base/param.h"
#include "base/random.h"
#include "traces/generate.h"

#define AT(FIELD) offsetof(gbl_copula, FIELD)
#define ROW(FIELD, WHAT) {#FIELD, GBL_P_REAL, 0, AT(FIELD), "0.0", -1, 1, NULL, NULL, "Rank correlation (Spearman) of " WHAT "."}
const gbl_param gbl_copula_params[] = {
    ROW(input_output, "input and output"), ROW(gap_input, "the gap before a request and its input"), ROW(gap_output, "the gap before a request and its output"), {NULL}};

static double normal_correlation(double spearman) { return 2 * sin(M_PI / 6 * spearman); }

int gbl_copula_bind(gbl_copula *c, const gbl_node *n, gbl_arena *a, gbl_err *err)
{
    *c = (gbl_copula){.on = n != NULL};
    if (!n) return 0;
    if (gbl_param_defaults(gbl_copula_params, c, a, err) || gbl_param_bind(gbl_copula_params, c, n, NULL, a, err)) return err->code;
    double io = normal_correlation(c->input_output);
    c->in_gap = normal_correlation(c->gap_input);
    c->out_gap = normal_correlation(c->gap_output);
    c->in_own = sqrt(fmax(0, 1 - c->in_gap * c->in_gap));
    double rest = io - c->in_gap * c->out_gap;
    c->out_in = c->in_own > 1e-9 ? rest / c->in_own : 0;
    double own = 1 - c->out_gap * c->out_gap - c->out_in * c->out_in;
    c->out_own = sqrt(fmax(0, own));
    if (own >= -1e-9 && fabs(c->in_gap * c->out_gap + c->in_own * c->out_in - io) < 1e-6) return 0;
    gbl_node_fail(n, err, "no fields have these three rank correlations: two of them rule out the third");
    return gbl_expected(err, "a positive definite matrix, such as with one of them 0");
}

static double share_below(double z)
{
    double u = 0.5 * erfc(-z * M_SQRT1_2);
    return fmin(fmax(u, 0x1p-53), 1 - 0x1p-53);
}

void gbl_copula_apply(const gbl_copula *c, double u_gap, double *u_input, double *u_output)
{
    if (!c->on) return;
    double gap = gbl_q_normal(u_gap, 0, 1), in = gbl_q_normal(*u_input, 0, 1), own = gbl_q_normal(*u_output, 0, 1);
    if (c->in_gap != 0) *u_input = share_below(c->in_gap * gap + c->in_own * in);
    if (c->out_gap != 0 || c->out_in != 0) *u_output = share_below(c->out_gap * gap + c->out_in * in + c->out_own * own);
}

void gbl_copula_schema(const char *key, gbl_json *j) { gbl_parameters_schema(gbl_copula_params, key, "What gap, input and output of a request have to do with each other.", j); }
void gbl_copula_json(const gbl_copula *c, const char *key, gbl_json *j)
{
    gbl_param_json_part(key, gbl_copula_params, c, j);
}
void gbl_copula_help(const char *prefix, FILE *to) { gbl_param_help(gbl_copula_params, prefix, to); }
