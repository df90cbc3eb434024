/* page.h - what the files that make the report's page share. Not for other rooms. */
#ifndef GBL_PAGE_H
#define GBL_PAGE_H
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include "base/doc.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

enum { PAGE_RUNS = 8, PAGE_FIGURES = 24 };

typedef struct page_run {
    int64_t id, seed, requests, samples; /* rows stored of each kind */
    const char *name, *scenario_hash, *cards, *plugins, *version, *runtime, *calibration, *started_utc, *host;
    gbl_doc *scenario, *result; /* result: an empty object where the store has none */
} page_run;

typedef struct page_figure {
    const char *id, *title, *text; /* text is escaped, id and title are ours */
    int wide, rows;
} page_figure;

/* kind: "line" (over time, or a distribution), "points" (named marks), "bars" (lying, a row a category). */
typedef struct page_chart {
    const char *id, *kind, *title, *text, *x, *y, *x_unit, *y_unit;
    int log_x, log_y, percent, stacked, wide, rows; /* rows: of bars */
} page_chart;
enum { PAGE_DASH = 1, PAGE_FILL = 2, PAGE_MARKS = 4, PAGE_JOINED = 8 /* marks with a line through them */, PAGE_STEP = 16 };

typedef struct page {
    sqlite3 *db;
    const char *path;
    gbl_arena *arena;
    page_run run[PAGE_RUNS]; /* newest first */
    int runs;
    int64_t runs_stored, layout; /* layout: user_version */
    long refused;                /* allocations (gbl_alloc_refused), before */
    page_figure figure[PAGE_FIGURES];
    int figures;
    gbl_json *charts;              /* array of chart descriptions, read by the page's script */
    struct page_went *went;        /* page_where.c */
    const char *roof_steps;        /* NULL: no operators are stored */
    int64_t sens_run;              /* 0: none */
    struct page_configs *configs;  /* runs by configuration; NULL where there is one only */
    char *library;                 /* Chart.js, NULL where it is missing */
    double within_ttft, within_tpot, within_e2el; /* shares of the newest run's requests within their bounds; NaN unknown */
    int sampled; /* the rows are a part of the requests, so shares and rates from them are estimates */
    int no_memory; /* a piece of text could not be made: the page is not to be kept */
    FILE *to;
} page;

int gbl_page_load(page *p, gbl_err *err);
void gbl_page_unload(page *p);
/* A number of a run's result by path ("ttft_ms.p99"); NaN where it is absent or null. */
double gbl_page_num(const page_run *r, const char *path);
/* A bound or target of the scenario's slo; NaN where there is none. */
double gbl_page_slo(const page_run *r, const char *key);
const char *gbl_page_scenario_text(const page_run *r, const char *path, const char *none);
/* Charts and their figures (page_chart.c); colour -1: by the series' place. Strings are copied, but for id, title and text. */
void gbl_chart_begin(page *p, const page_chart *c);
void gbl_chart_series(page *p, const char *label, int colour, unsigned look);
void gbl_chart_point(page *p, double x, double y, const char *name); /* name may be NULL */
void gbl_chart_series_end(page *p);
void gbl_chart_end(page *p);
/* Those of the figures that there are, side by side. ids: NULL-terminated. */
void gbl_page_figures(page *p, const char *const *ids);

/* Charts of the newest run (page_series.c, page_time.c, page_where.c, page_roof.c, page_sens.c) and of all (page_configs.c). Each has a
 * section that gbl_page_body calls for; both do nothing where the store has nothing to show. */
int gbl_page_series(page *p, gbl_err *err);
int gbl_page_time(page *p, gbl_err *err);
int gbl_page_where(page *p, gbl_err *err);
int gbl_page_roof(page *p, gbl_err *err);
int gbl_page_sens(page *p, gbl_err *err);
int gbl_page_configs(page *p, gbl_err *err);
int gbl_page_where_section(page *p, gbl_err *err);
int gbl_page_roof_section(page *p, gbl_err *err);
int gbl_page_sens_section(page *p, gbl_err *err);
int gbl_page_configs_section(page *p, gbl_err *err);
int gbl_page_claims_section(page *p, gbl_err *err);

/* Pieces of sections (page_parts.c). */
void gbl_page_section(page *p, const char *id, const char *title, const char *text); /* text may be NULL */
/* heads: NULL-terminated; a head that starts with '>' is a column of numbers. */
void gbl_page_table(page *p, const char *caption, const char *const *heads);
void gbl_page_table_end(page *p);
void gbl_page_number(page *p, double v, double scale, const char *unit); /* a cell */
void gbl_page_cell(page *p, const char *text);                           /* a cell of escaped text */
void gbl_page_head_cell(page *p, const char *text);                      /* the first of a row, escaped */
/* Everything between <main> and </main>. */
int gbl_page_body(page *p, gbl_err *err);
int gbl_page_sources(page *p, gbl_err *err);     /* the numbers of its hardware and where they come from */
int gbl_page_differences(page *p, gbl_err *err); /* which scenario keys differ between the runs, as a section */
/* Text with &, <, >, and quotes escaped; fit for attributes, too. */
void gbl_page_text(FILE *to, const char *s);
/* A number for people: 12,345 / 123.4 / 12.34 / 0.1234; a dash for NaN. Returns out. */
char *gbl_page_human(char *out, size_t size, double v);

extern const char gbl_page_css[];
extern const char gbl_page_js[];

#endif
