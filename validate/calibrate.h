/* calibrate.h - from measurement files to a hardware card: what `gable calibrate` does. */
#ifndef GBL_CALIBRATE_H
#define GBL_CALIBRATE_H
#include <stdio.h>
#include "base/json.h"
#include "validate/fit.h"

typedef struct gbl_calibration_ask {
    const char *const *file; /* CSV files, JSON lines and stores */
    size_t n_files;
    struct gbl_probe_rows *probe; /* rows just measured, or NULL; their strings are copied */
    const char *probe_name;       /* what messages and the card's source call them */
    const char *hardware;    /* the card to start from: name or path */
    const char *const *where;
    size_t n_where;
    const char *source;      /* who measured what, under which licence; NULL: the files' names */
    const char *date;        /* YYYY-MM-DD; NULL: today */
} gbl_calibration_ask;

typedef struct gbl_calibration {
    gbl_arena *arena;
    gbl_hw hw;
    gbl_doc *card; /* as it was */
    gbl_krows rows;
    gbl_fit fit;
    const char *source, *date;
} gbl_calibration;

/* Reads, checks and fits. The struct is valid for _fini whatever comes back. */
int gbl_calibration_run(gbl_calibration *c, const gbl_calibration_ask *ask, gbl_err *err);
void gbl_calibration_fini(gbl_calibration *c);

/* The card with the new calibration: fitted groups with standard errors, covariance, scatter and hold-out errors; groups
 * without measurements as they were. It calls itself fitted when it was, or when products, decode and prefill attention
 * have been; else transferred. */
int gbl_calibration_card(const gbl_calibration *c, FILE *to, gbl_err *err);
int gbl_calibration_print(const gbl_calibration *c, FILE *to); /* tables for people; -1: no memory */
void gbl_calibration_json(const gbl_calibration *c, gbl_json *j); /* members into the open object */
/* Every row used, measured and modelled, into table `measurement`; *n of them. */
int gbl_calibration_keep(const gbl_calibration *c, const char *db, int64_t *n, gbl_err *err);

#endif
