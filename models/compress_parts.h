/* compress_parts.h - shared by the files of the compression algebra alone. */
#ifndef GBL_COMPRESS_PARTS_H
#define GBL_COMPRESS_PARTS_H
#include "models/compress.h"

/* Tokens of a cell: kept by each layer, of them chosen from more (sets of layers may differ there), and in one stored copy. */
typedef struct gbl_kv_count { double kept, chosen, stored; } gbl_kv_count;
gbl_kv_count gbl_kv_count_of(const gbl_kv_cell *c, int64_t p, int64_t n);
/* Tokens kept in full of `tokens`. */
double gbl_kv_residue(double tokens, double r, int mod);
int64_t gbl_kv_token_q8(const gbl_kv_plan *plan, const gbl_kv_cell *c); /* of a cell's token in codes, x 256 */
/* compress_read.c: a method's generators, appended to the plan with the settings in force put in. */
int gbl_kv_read_method(gbl_kv_plan *plan, const gbl_node *use, const char *folder, gbl_arena *a, gbl_err *err);
int gbl_kv_read_card_of(gbl_kv_plan *plan, const gbl_node *policy, const char *folder, gbl_arena *a, gbl_err *err); /* its card's name, values and quality */
/* compress_rules.c: sorts the generators and refuses what does not compose. */
int gbl_kv_order(gbl_kv_plan *plan, int ordered, gbl_arena *a, const gbl_node *at, gbl_err *err);
int gbl_kv_fits(const gbl_kv_plan *plan, const gbl_llm *m, const gbl_node *at, gbl_err *err);
int gbl_kv_fits_beneath(const gbl_kv_plan *plan, const gbl_llm *m, const gbl_node *policy, gbl_err *err);
/* compress_arch.c: what a rewriting leaves of the model's cells. */
int gbl_kv_apply_arch(gbl_kv_plan *plan, const gbl_generator *g, gbl_arena *a, gbl_err *err);
/* compress_apply.c: cells from generators. */
int gbl_kv_apply(gbl_kv_plan *plan, gbl_arena *a, gbl_err *err);
/* A copy of the cell behind the others; NULL: too many. */
gbl_kv_cell *gbl_kv_split_off(gbl_kv_plan *plan, const gbl_kv_cell *from);
void gbl_kv_note(gbl_kv_plan *plan, gbl_arena *a, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
