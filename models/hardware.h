/* hardware.h - a GPU and its host as a capacity vector, from a card (models/cards/hardware/NAME.json).
 * Peaks are dense (no sparsity figures), per GPU; GB = 1e9 bytes; link bandwidths per direction. */
#ifndef GBL_HARDWARE_H
#define GBL_HARDWARE_H
#include <stdint.h>
#include "base/doc.h"
#include "base/json.h"
#include "base/mem.h"

/* Number formats of weights, activations and KV. */
enum gbl_format { GBL_FP32, GBL_TF32, GBL_BF16, GBL_FP16, GBL_FP8, GBL_INT8, GBL_FP4, GBL_INT4, GBL_FORMATS };
double gbl_format_bytes(enum gbl_format f); /* bytes an element, without scales */
int gbl_format_of(const char *name);        /* enum gbl_format or -1; "auto" is not one */
const char *gbl_format_name(enum gbl_format f);

typedef struct gbl_hw {
    const char *name, *arch;      /* arch: "ampere", "ada", "hopper", "blackwell", "cdna3", ... */
    const char *calibration;      /* "fitted", "transferred", "datasheet" */
    double flops[GBL_FORMATS];    /* peak FLOP/s (or OP/s), accumulate in fp32/int32; 0 = not supported */
    double hbm_bytes;             /* what the driver reports, bytes */
    double hbm_bps, l2_bytes;
    double nvlink_bps;            /* per direction and GPU; 0 = none: collectives go over PCIe */
    double pcie_bps, dram_bps, ssd_bps, network_bps;
    int32_t sms, gpus_per_node;
    double clock_hz, tdp_w, idle_w, usd_h;
    double link_latency_s, pcie_latency_s;
    uint64_t hash;                /* of the card's canonical text */
    const gbl_node *eff;          /* the card's "calibration" object with fitted parameters, or NULL */
} gbl_hw;

/* `name` is a card's name or the path of a card. Everything lives in `a` (the document too). Unknown names are
 * answered with the nearest known one. */
int gbl_hw_load(gbl_hw *hw, const char *name, const char *folder, gbl_arena *a, gbl_err *err);
void gbl_hw_json(const gbl_hw *hw, gbl_json *j);

#endif
