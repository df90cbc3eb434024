/* page_configs.h - the store's runs by configuration: what differs in the seed alone is one configuration measured several
 * times. Inside this room's page. */
#ifndef GBL_PAGE_CONFIGS_H
#define GBL_PAGE_CONFIGS_H
#include "reports/page.h"
#include "reports/stats.h"

enum gbl_config_metric {
    GBL_CONFIG_TTFT_P50, GBL_CONFIG_TTFT_P99, GBL_CONFIG_TPOT_P99, GBL_CONFIG_E2EL_P99, GBL_CONFIG_OUTPUT, GBL_CONFIG_GOODPUT, GBL_CONFIG_USD, GBL_CONFIG_METRICS
};

typedef struct page_config {
    const char *label;  /* what it has and others have not: "schedule=chunked, max_num_seqs=64" */
    const char *series; /* the same without the load, by which points belong to one curve */
    uint64_t hash;      /* of its scenario without the seed */
    int64_t newest;     /* its newest run */
    size_t runs;
    gbl_interval v[GBL_CONFIG_METRICS]; /* over its runs, 95 % */
    int twice;          /* while names are being found: another one has the same */
    int front;          /* none is both cheaper and faster (USD a million tokens, P99 TTFT) */
} page_config;

typedef struct page_configs {
    page_config *v; /* by curve, then by output tokens a second */
    size_t n, runs; /* runs: looked at, the newest of the store */
    int several;    /* some configuration has more than one run */
} page_configs;

/* In the page's arena. */
int gbl_page_configs_load(page *p, page_configs *out, gbl_err *err);

#endif
