/* generate.h - requests from distributions instead of a file.
 *
 * Every draw is keyed (base/random.h), so the same seed gives the same requests whatever the policy: open arrivals by
 * the request's serial, closed loops by (client, turn). The first request arrives at 0 (on a curve and in bursts: after its first
 * gap, so that their time is the trace's); each later arrival is the one before plus a gap rounded to whole ns. */
#ifndef GBL_GENERATE_H
#define GBL_GENERATE_H
#include "base/param.h"
#include "traces/copula.h"
#include "traces/turns.h"

/* ---- token counts: fixed, uniform, lognormal, geometric, histogram, file ---- */
typedef struct gbl_length {
    int32_t kind;
    int64_t tokens, low, high;
    double mu, sigma, mean;
    const char *file, *column;
    /* histogram, file: sorted token counts and the cumulative share up to and with each */
    int64_t n;
    int64_t *value;
    double *share;
} gbl_length;
/* `n` is a name or {"use": name, ...}; NULL: `dflt`. Binds only; load reads the file that it names, if any. */
int gbl_length_bind(gbl_length *l, const gbl_node *n, const char *dflt, gbl_arena *a, gbl_err *err);
int gbl_length_load(gbl_length *l, const gbl_node *n, gbl_arena *a, gbl_err *err);
void gbl_length_fini(gbl_length *l);
int gbl_length_varies(const gbl_length *l); /* not always the same */
int64_t gbl_length_draw(const gbl_length *l, double u); /* u in (0,1); >= 1, non-decreasing in u */
void gbl_length_schema(const char *key, gbl_json *j);
void gbl_length_json(const gbl_length *l, const char *key, gbl_json *j);
void gbl_length_help(FILE *to);

/* ---- arrivals: poisson, deterministic, gamma, weibull, bursts, curve, rows, closed_loop ---- */
enum { GBL_DISPERSIONS = 4, GBL_BURST_TIMES = 10 };
typedef struct gbl_arrival {
    int32_t kind;
    double rate_s, cv, think_s;
    int64_t concurrency;
    const char *file;
    double shape, scale_s; /* of gamma and weibull gaps */
    /* curve: from start_s[i] on the rate is rate[i]; mass[i] is the expected number of arrivals before start_s[i] */
    int64_t n;
    double *start_s, *rate, *mass;
    /* bursts: variance over mean of counts in 1, 10, 60, 300 s, NaN: not stated; and what follows (gen_bursts.c) */
    double dispersion[GBL_DISPERSIONS], burst[GBL_BURST_TIMES];
} gbl_arrival;
int gbl_arrival_bind(gbl_arrival *v, const gbl_node *n, gbl_arena *a, gbl_err *err);
int gbl_arrival_load(gbl_arrival *v, const gbl_node *n, gbl_arena *a, gbl_err *err);
void gbl_arrival_fini(gbl_arrival *v);
int gbl_arrival_closed(const gbl_arrival *v);
int gbl_arrival_in_bursts(const gbl_arrival *v); /* its times are those of gbl_bursts, not of gaps */
int gbl_arrival_of_rows(const gbl_arrival *v);   /* its gaps are those of rows */
int gbl_arrival_by_draw(const gbl_arrival *v);   /* each gap comes from one uniform draw and grows with it */
int gbl_arrival_first_waits(const gbl_arrival *v); /* the first request comes after a gap, not at 0 */
/* Seconds from the arrival before, which was at `at_s`; by_draw or deterministic. */
double gbl_arrival_gap(const gbl_arrival *v, double u, double at_s);
void gbl_arrival_schema(const char *key, gbl_json *j);
void gbl_arrival_json(const gbl_arrival *v, const char *key, gbl_json *j);
void gbl_arrival_help(FILE *to);

/* Bursts: dispersion -> burst, refused where no bursts do it; and the process itself, which keeps v. */
int gbl_bursts_fit(gbl_arrival *v, const gbl_node *n, gbl_err *err);
typedef struct gbl_bursts gbl_bursts;
int gbl_bursts_new(gbl_bursts **out, const gbl_arrival *v, uint64_t seed, gbl_err *err);
void gbl_bursts_free(gbl_bursts *b); /* NULL allowed */
int gbl_bursts_next(gbl_bursts *b, int64_t *at_ns, gbl_err *err); /* never decreasing */

/* ---- rows: requests that a file has ---- */
typedef struct gbl_resample_row {
    int32_t input, output;
    double gap_s; /* since the row before */
} gbl_resample_row;
typedef struct gbl_resample {
    int32_t on;
    const char *file, *format, *input, *output, *gap_s;
    int64_t run, n;
    size_t room;
    gbl_resample_row *row;
    double mean_gap_s; /* 0: the file has none */
    gbl_repairs repairs; /* of its rows */
} gbl_resample;
int gbl_resample_bind(gbl_resample *r, const gbl_node *n, gbl_arena *a, gbl_err *err); /* n NULL: off */
int gbl_resample_load(gbl_resample *r, const gbl_node *n, gbl_arena *a, gbl_err *err);
void gbl_resample_fini(gbl_resample *r);
/* `step` rows behind the one that (entity, k) draws. */
gbl_resample_row gbl_resample_draw(const gbl_resample *r, uint64_t seed, uint64_t entity, uint64_t k, uint64_t step);
void gbl_resample_schema(const char *key, gbl_json *j);
void gbl_resample_json(const gbl_resample *r, const char *key, gbl_json *j);
void gbl_resample_help(FILE *to);

/* ---- shared_prefix: prompts begin with one of `groups` heads ---- */
typedef struct gbl_heads {
    int32_t on;
    int64_t groups, tokens;
    double zipf, *below; /* below: cumulative share of the groups */
} gbl_heads;
int gbl_heads_bind(gbl_heads *h, const gbl_node *n, gbl_arena *a, gbl_err *err); /* n NULL: off */
int gbl_heads_load(gbl_heads *h, gbl_err *err);
void gbl_heads_fini(gbl_heads *h);
int64_t gbl_heads_draw(const gbl_heads *h, double u);
void gbl_heads_schema(const char *key, gbl_json *j);
void gbl_heads_json(const gbl_heads *h, const char *key, gbl_json *j);

/* ---- documents: prompts begin with some of a pool, in any order ---- */
typedef struct gbl_documents {
    gbl_heads pool;
    int64_t each;
} gbl_documents;
int gbl_documents_bind(gbl_documents *d, const gbl_node *n, gbl_arena *a, gbl_err *err); /* n NULL: off; load and fini are the pool's */
void gbl_documents_draw(const gbl_documents *d, uint64_t seed, uint64_t entity, uint64_t k, uint64_t *ids); /* `each` of them */
void gbl_documents_schema(const char *key, gbl_json *j);
void gbl_documents_json(const gbl_documents *d, const char *key, gbl_json *j);
void gbl_documents_help(FILE *to);

/* ---- sessions: turns with pauses between them ---- */
typedef struct gbl_pause {
    int32_t kind;
    double s, mean_s, mu, sigma, high_s;
} gbl_pause;
typedef struct gbl_talk {
    int32_t on;
    const gbl_node *turns_node, *think_node;
    gbl_length turns;
    gbl_pause think;
    int64_t compact_at, compact_to;
    int64_t session, turn, n_turns, total; /* the one being handed out, and the tokens of its context */
} gbl_talk;
int gbl_talk_bind(gbl_talk *t, const gbl_node *n, gbl_arena *a, gbl_err *err); /* n NULL: off */
int gbl_talk_load(gbl_talk *t, gbl_arena *a, gbl_err *err);
void gbl_talk_fini(gbl_talk *t);
int gbl_talk_pauses(const gbl_talk *t);
void gbl_talk_begin(gbl_talk *t, uint64_t seed, int64_t session);
/* The next turn of the session: comes with its own input and output drawn, leaves with its place in the session. */
void gbl_talk_turn(gbl_talk *t, const gbl_heads *h, uint64_t seed, gbl_turn *x);
void gbl_talk_schema(const char *key, gbl_json *j);
void gbl_talk_json(const gbl_talk *t, const char *key, gbl_json *j);
void gbl_talk_help(FILE *to);

/* ---- the whole generator: what the "generate" object says ---- */
typedef struct gbl_generator gbl_generator;
int gbl_generator_open(gbl_generator **out, const gbl_node *n, uint64_t seed, gbl_arena *a, gbl_err *err);
void gbl_generator_close(gbl_generator *g); /* NULL allowed */
/* As gbl_source_next and gbl_source_done. */
int gbl_generator_next(gbl_generator *g, gbl_record *out, gbl_err *err);
void gbl_generator_done(gbl_generator *g, int64_t serial, int64_t now_ns);
int gbl_generator_sessions(const gbl_generator *g); /* it hands over turns: */
int gbl_generator_turn(void *g, gbl_turn *out, gbl_err *err); /* as gbl_feed.next */
int64_t gbl_generator_concurrency(const gbl_generator *g);    /* of sessions; 0: they arrive by themselves */
int gbl_generator_closed(const gbl_generator *g);
int gbl_generator_pauses(const gbl_generator *g); /* some pause between turns may be above 0 */
int64_t gbl_generator_requests(const gbl_generator *g);
const gbl_repairs *gbl_generator_repairs(const gbl_generator *g); /* of the rows that it draws from */
int gbl_generator_check(const gbl_node *n, gbl_arena *a, gbl_err *err);
void gbl_generator_schema(const char *key, gbl_json *j);
/* The object with every default filled in; n must have passed the check. */
int gbl_generator_json(const gbl_node *n, const char *key, gbl_json *j, gbl_arena *a, gbl_err *err);
void gbl_generator_help(FILE *to);

/* ---- what both kinds of distributions share: a table of kinds, chosen by "use" ---- */
typedef struct gbl_use {
    const char *name, *help;
    const gbl_param *params;
} gbl_use;
/* Index of the kind that n names, its parameters bound onto obj; -1 on error. */
int gbl_use_bind(const gbl_use *table, void *obj, const char *what, const gbl_node *n, const char *dflt, gbl_arena *a, gbl_err *err);
void gbl_use_schema(const gbl_use *table, const char *key, const char *what, gbl_json *j);
/* An object of these parameters and no others. */
void gbl_parameters_schema(const gbl_param *rows, const char *key, const char *what, gbl_json *j);
void gbl_use_help(const gbl_use *table, const char *what, FILE *to);

/* ---- what `gable explain` knows by name: gen_words.c; the tables end with a row without a name ---- */
extern const gbl_use gbl_arrival_kinds[], gbl_length_kinds[], gbl_pause_kinds[];
extern const gbl_param gbl_copula_params[], gbl_resample_params[], gbl_heads_params[], gbl_documents_params[], gbl_talk_params[];
/* The i-th table and its kind: "arrival", "length", "think", "generate" (parts of the generator, which have no "use"). NULL past the end. */
const gbl_use *gbl_gen_words(int i, const char **kind);
/* Where word `u` of that kind stands in a scenario, with its first parameter at its default. */
void gbl_gen_example(const char *kind, const gbl_use *u, FILE *to);
/* Numbers of named columns of a CSV file, row by row; `get` returns 0, or -1 with a complaint in *why. */
int gbl_columns_read(const char *path, const char *const *names, int n, int (*get)(void *to, const double *v, const char **why), void *to, gbl_err *err);

#endif
