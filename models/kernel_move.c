/* kernel_move.c - see kernel_move.h. */
#include "models/kernel_move.h"

#include <math.h>
#include <string.h>

static const double granule = 64;         /* bytes of an HBM access: 32-byte sectors, fetched in pairs */
static const double host_memcpy = 10e9;   /* bytes/s of one thread into the driver's pinned buffer (assumed) */

static void stream(const gbl_machine *g, double bytes, double launches, gbl_kernel *out)
{
    memset(out, 0, sizeof *out);
    if (!(bytes > 0))
        return;
    out->hbm_bytes = bytes;
    out->hbm_s = bytes / g->hw->hbm_bps;
    out->time_s = g->ideal ? out->hbm_s : launches * g->cal->small_t0 + out->hbm_s / g->cal->small_e_m;
}

/* Bytes touched by `pieces` runs of `bytes` in all. */
static double touched(const gbl_machine *g, double bytes, double pieces)
{
    if (g->ideal || !(pieces > 0))
        return bytes;
    return pieces * ceil(bytes / pieces / granule) * granule;
}

void gbl_block_copy(const gbl_machine *g, double bytes, double pieces, gbl_kernel *out)
{
    stream(g, bytes > 0 ? 2 * touched(g, bytes, pieces) : 0, 1, out);
}

void gbl_host_copy(const gbl_machine *g, double bytes, double pieces, int pinned, gbl_move *out)
{
    const gbl_hw *hw = g->hw;
    double link = bytes / hw->pcie_bps;
    memset(out, 0, sizeof *out);
    if (!(bytes > 0))
        return;
    out->pcie_busy_s = g->ideal ? link : link / g->cal->copy_e;
    out->dram_s = bytes / hw->dram_bps * (pinned || g->ideal ? 1 : 3); /* pageable: read, written, read again */
    out->hbm_s = bytes / hw->hbm_bps;
    double wire = out->pcie_busy_s + (pinned || g->ideal ? 0 : bytes / host_memcpy);
    out->time_s = g->ideal ? link : hw->pcie_latency_s + fmax(wire, pieces * g->cal->copy_piece);
    out->time_s = fmax(out->time_s, out->dram_s);
}

void gbl_requantise(const gbl_machine *g, double n, double from, double to, double passes, gbl_kernel *out)
{
    double each = to < from ? 2 * from + to : from + to;
    if (g->ideal)
        each = from + to;
    stream(g, n * each * fmax(passes, 1), fmax(passes, 1), out);
}

void gbl_select(const gbl_machine *g, double rows, double n, double k, double width, gbl_kernel *out)
{
    double passes = g->ideal ? 1 : width + 1;
    stream(g, rows * (n * width * passes + 4 * fmin(k, n)), passes, out);
}

void gbl_gather_rows(const gbl_machine *g, double rows, double row_bytes, gbl_kernel *out)
{
    double bytes = rows * row_bytes;
    stream(g, bytes > 0 ? touched(g, bytes, rows) + bytes + 4 * rows : 0, 1, out);
}

void gbl_compact_rows(const gbl_machine *g, double n, double kept, double row_bytes, gbl_kernel *out)
{
    double rows = fmin(kept, n), bytes = rows * row_bytes;
    stream(g, n > 0 ? n + touched(g, bytes, rows) + bytes : 0, 2, out); /* scan, move */
}
