/* kernel_move.h - kernels and copies that move or rewrite KV: block copies, host copies, quantisation, selection, gathering,
 * compaction. Pure functions of bytes and pieces, like those of kernels.h; for swapping, tiers and KV compression.
 *
 * Unless said otherwise a kernel takes t0 + bytes moved / (B e), with t0 and e those of the small operators of a layer
 * (calibration group "small"): they stream through HBM just as norms do. Ideal: bytes over the data sheet. */
#ifndef GBL_KERNEL_MOVE_H
#define GBL_KERNEL_MOVE_H
#include "models/kernels.h"

/* A block copy inside the device: `bytes` read and written, one launch for all pieces, each of which ends in a partial 64-byte
 * access (the granule of HBM). vLLM's copy_blocks is such a kernel. */
void gbl_block_copy(const gbl_machine *g, double bytes, double pieces, gbl_kernel *out);

/* Between device and host, one direction. Pinned: latency + max(bytes/(PCIe e), pieces x piece time), not faster than DRAM
 * (calibration group "copy"). Pageable: the driver copies through a pinned buffer of its own first, so the rate is
 * 1/(1/(PCIe e) + 1/memcpy), memcpy 10 GB/s of one thread (assumed). */
typedef struct gbl_move {
    double time_s;
    double pcie_busy_s;        /* time the link is lost to others while this runs alone */
    double dram_s, hbm_s;      /* roofline seconds */
} gbl_move;
void gbl_host_copy(const gbl_machine *g, double bytes, double pieces, int pinned, gbl_move *out);

/* n elements rewritten from `from` to `to` bytes each (scales included): 2 from (range, then values) + to when narrowing,
 * from + to when widening. `passes` >= 1 multiplies the bytes: a fused kernel has 1, a chain of eager ones more. */
void gbl_requantise(const gbl_machine *g, double n, double from, double to, double passes, gbl_kernel *out);

/* The k largest of n scores of `width` bytes in each of `rows` rows: radix selection reads the scores once a byte of the key
 * (histogram by its byte) and once more to collect; writes k 4-byte indices. One launch a pass: width + 1 (AIR top-k, Zhang
 * et al., SC'23, fuses them; a sort of all would take more). */
void gbl_select(const gbl_machine *g, double rows, double n, double k, double width, gbl_kernel *out);

/* `rows` rows of `row_bytes` read where their 4-byte indices say, written side by side: whole 64-byte granules are read. */
void gbl_gather_rows(const gbl_machine *g, double rows, double row_bytes, gbl_kernel *out);

/* A sequence of n rows of which `kept` stay, moved to the front in place: a mask of a byte a row is scanned, kept rows are read
 * and written. */
void gbl_compact_rows(const gbl_machine *g, double n, double kept, double row_bytes, gbl_kernel *out);

/* n scores added to their running sums and searched for the least: old sum and new score read, sum written, 4 bytes each. */
static inline double gbl_score_bytes(double n) { return 12 * n; }

/* `pairs` of rows merged: both read, one written; ten FLOP an element (two lengths and an angle: three multiply-adds; the weighted
 * sum, and its length). */
static inline double gbl_merge_bytes(double pairs, double row_bytes) { return 3 * pairs * row_bytes; }
static inline double gbl_merge_flops(double pairs, double elements) { return 10 * pairs * elements; }

#endif
