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
    int32_t nvlink_group;         /* GPUs that NVLink joins; more of a node talk over PCIe. 0: all of the node */
    double pcie_bps, dram_bps, ssd_bps, network_bps;
    int32_t sms, gpus_per_node;
    double clock_hz, tdp_w, idle_w, usd_h;
    double link_latency_s, pcie_latency_s;
    double fma;                   /* dense bf16 multiply-adds an SM and cycle: explains flops[GBL_BF16] */
    uint64_t hash;                /* of the card's canonical text (and of the card its calibration comes from) */
    const struct gbl_calib *eff;    /* fitted parameters (models/calib.h); never NULL */
    const struct gbl_calib *eff_se; /* their standard errors, 0 where none is known */
    const struct gbl_spread *spread; /* their covariance, scatter of shapes, transfer (models/calib.h); never NULL */
    const char *eff_from;         /* the card whose calibration it is: its own name when fitted */
} gbl_hw;

/* Whether n GPUs of a node are joined by NVLink, all of them. */
static inline int gbl_hw_nvlinked(const gbl_hw *hw, double n)
{
    return hw->nvlink_bps > 0 && (hw->nvlink_group == 0 || n <= hw->nvlink_group);
}

/* `name` is a card's name or the path of a card (beside `folder`, or in the current folder). All that the struct
 * points to lives in `a`. Unknown names are answered with the nearest known one; unknown keys are refused. A card
 * without calibration takes the one of its generation's nearest fitted card and says "datasheet". */
int gbl_hw_load(gbl_hw *hw, const char *name, const char *folder, gbl_arena *a, gbl_err *err);
void gbl_hw_json(const gbl_hw *hw, gbl_json *j);

#endif
