/* standings.h - what a sweep found: each point's result and main metrics, as a ranked table or as JSON. Results lie in an
 * unlinked temporary file, so memory grows with points and not with what is known of each. */
#ifndef GBL_STANDINGS_H
#define GBL_STANDINGS_H
#include "reports/sweep.h"

enum gbl_standing { GBL_STAND_GOODPUT, GBL_STAND_OUTPUT, GBL_STAND_TTFT, GBL_STAND_TPOT, GBL_STAND_COST, GBL_STAND_POINT };
#define GBL_STAND_WORDS "goodput|output_tok_s|ttft_p99|tpot_p99|usd_per_mtok|point"

typedef struct gbl_standings gbl_standings;
int gbl_standings_new(gbl_standings **out, const gbl_sweep *sweep, gbl_err *err); /* sweep is borrowed */
void gbl_standings_free(gbl_standings *r);
/* `result_json` is the object of `gable run --json`; run is its number in a store, 0: kept nowhere. */
int gbl_standings_add(gbl_standings *r, size_t point, int64_t run, const char *result_json, gbl_err *err);
int gbl_standings_has(const gbl_standings *r, size_t point);
size_t gbl_standings_size(const gbl_standings *r);
/* The best first; a point without the number comes last, equal ones in their order. At most `top` rows, 0: all. */
int gbl_standings_print(gbl_standings *r, enum gbl_standing by, size_t top, FILE *to, gbl_err *err);
/* For a terminal, after the table: price against P99 TTFT as a picture, and which points none beats in both. */
int gbl_standings_plot(const gbl_standings *r, FILE *to, gbl_err *err);
/* An array in point order: {"point", "rank", "run", "vary": {...}, and the members of the run's object}. */
int gbl_standings_json(gbl_standings *r, enum gbl_standing by, FILE *to, gbl_err *err);

#endif
