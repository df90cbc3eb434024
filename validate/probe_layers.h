/* probe_layers.h - what the model says of a probe's rows that no fit saw: steps of a stack of layers (`layers` of PROTOCOL.md), beside
 * the single kernels that a calibration kept out. */
#ifndef GBL_PROBE_LAYERS_H
#define GBL_PROBE_LAYERS_H
#include <stdio.h>
#include "base/json.h"
#include "validate/fit.h"
#include "validate/probe_rows.h"

typedef struct gbl_layers_row {
    const char *model, *phase; /* borrowed from the rows */
    int64_t layers, batch, tokens, line;
    double us, modelled_us;
    uint8_t noisy;
} gbl_layers_row;

typedef struct gbl_layers {
    gbl_arena *arena;
    gbl_layers_row *row;
    size_t n, room;
    gbl_fit_error decode, prefill, all; /* of the rows that are not noisy */
} gbl_layers;

/* Predicts every row `layers` of the file on this card: kernels in sequence, no engine around them. */
int gbl_layers_predict(gbl_layers *l, const char *path, const char *hardware, gbl_err *err);
void gbl_layers_fini(gbl_layers *l); /* also of a zeroed struct */
int gbl_layers_print(const gbl_layers *l, FILE *to); /* -1: no memory */
void gbl_layers_json(const gbl_layers *l, gbl_json *j); /* members into the open object */

#endif
