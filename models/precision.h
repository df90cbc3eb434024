/* precision.h - published formats of weights and activations, as cards (policies/cards/precision/NAME.json): what they store, what
 * they multiply in, what their kernels reach. A card's name, or one of its settings, stands where a format of weights does.
 *
 *   {"gable": "precision/1", "name": "comet", "title": ..., "source": ..., "verdict": "precision",
 *    "weights":     {"bits": 4, "group": 128, "scale_bits": 16, "source": ...},      bits an element; scale_bits once a group
 *    "activations": {"bits": 4, "source": ...},                                      as multiplied
 *    "compute":     [{"format": "int8", "work": 0.58, "source": ...}],               passes of a product at that format's peak
 *    "rebuild":     {"flop": 96, "bytes": 4, "source": ...},                         an element and use: weights made again; 0: fused
 *    "efficiency":  [{"rows": 16, "share": 0.75, "source": ...}],                    of the roofline's speed-up over 16 bits, by rows of a product
 *    "architectures": ["ampere", "ada"],                                             GPUs that have what it multiplies in; all
 *    "settings":    {"quamba2-w8a8": {"weights": {...}, ...}},                       members that stand in place of the card's
 *    "caveats": [...]}
 *
 * The roofline of a product is max(bytes / B, sum of work x 2 m n k / peak). Publications measure kernels against 16-bit products on the
 * same GPU: with an efficiency a product takes the time of the 16-bit one x roofline / 16-bit roofline / efficiency(rows), between two
 * published sizes along the logarithm of the rows; without one the GPU's own fitted kernels are taken (kernels.h). Embeddings, LM head, norms and
 * routers stay in 16 bits, as in every format. */
#ifndef GBL_PRECISION_H
#define GBL_PRECISION_H
#include "base/doc.h"
#include "base/mem.h"
#include "models/hardware.h"

enum { GBL_PRECISION_POINTS = 8 };
typedef struct gbl_precision {
    const char *name;                 /* as asked for */
    double weight_bytes, act_bytes;   /* an element, scales included; an element as multiplied */
    double work[GBL_FORMATS];
    double rebuild_flop, rebuild_bytes;
    int32_t n_points;
    double rows[GBL_PRECISION_POINTS], share[GBL_PRECISION_POINTS]; /* rows ascending */
    const char *architectures[8];     /* NULL at the end; none: all */
    uint64_t hash;
} gbl_precision;

/* A card's name, one of its settings, or a card's path (it holds a slash). Strings live in `a`. GBL_EINPUT: no such card, a key or unit that does not belong. */
int gbl_precision_load(gbl_precision *out, const char *name, const char *folder, gbl_arena *a, gbl_err *err);
/* The format that most of the work is done in, as the GPU has it; -1: it has not all of them, or is of another architecture. */
int gbl_precision_compute(const gbl_precision *p, const gbl_hw *hw);
double gbl_precision_peak(const gbl_precision *p, const gbl_hw *hw); /* FLOP/s of the product's own 2 m n k */
double gbl_precision_share(const gbl_precision *p, double rows);     /* 1 without points */

#endif
