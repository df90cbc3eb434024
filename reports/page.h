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

enum { PAGE_RUNS = 8, PAGE_FIGURES = 8 };

typedef struct page_run {
    int64_t id, seed, requests, samples; /* rows stored of each kind */
    const char *name, *scenario_hash, *cards, *plugins, *version, *runtime, *calibration, *started_utc, *host;
    gbl_doc *scenario, *result; /* result: an empty object where the store has none */
} page_run;

typedef struct page_figure {
    const char *id, *title, *text;
} page_figure;

typedef struct page {
    sqlite3 *db;
    const char *path;
    gbl_arena *arena;
    page_run run[PAGE_RUNS]; /* newest first */
    int runs;
    int64_t runs_stored;
    page_figure figure[PAGE_FIGURES];
    int figures;
    gbl_json *charts;              /* array of chart descriptions, read by the page's script */
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
/* Fills charts and figures. */
int gbl_page_series(page *p, gbl_err *err);
/* Everything between <main> and </main>. */
int gbl_page_body(page *p, gbl_err *err);
int gbl_page_differences(page *p, gbl_err *err); /* which scenario keys differ between the runs, as a section */
/* Text with &, <, >, and quotes escaped; fit for attributes, too. */
void gbl_page_text(FILE *to, const char *s);
/* A number for people: 12,345 / 123.4 / 12.34 / 0.1234; a dash for NaN. Returns out. */
char *gbl_page_human(char *out, size_t size, double v);

extern const char gbl_page_css[];
extern const char gbl_page_js[];

#endif
