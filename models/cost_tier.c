/* cost_tier.c - KV between device memory and a tier below it. */
#include <math.h>
#include <string.h>

#include "models/cost_parts.h"
#include "models/kernel_move.h"

static const double ssd_latency_s = 80e-6; /* a 4 KiB NVMe read at queue depth 1 (assumed) */

static double or_else(double v, double card) { return isnan(v) ? card : v; }

/* Each rank moves its share over links of its own, as in gbl_cost_transfer. */
void gbl_cost_tier(const gbl_cost *c, const gbl_below *t, double bytes, int64_t pieces, enum gbl_resource dir, gbl_demand *out)
{
    const gbl_hw *hw = c->g.hw;
    double share = bytes / ((double)c->spec.tp * c->spec.pp), runs = (double)pieces / c->spec.pp;
    gbl_move m = {0, 0, 0, 0};
    memset(out, 0, sizeof *out);
    if (!(bytes > 0))
        return;
    if (!isnan(t->piece_bytes))
        runs = ceil(share / t->piece_bytes);
    if (dir != GBL_R_N)
        gbl_host_copy(&c->g, share, runs, c->spec.runtime->pinned, &m);
    double ssd_s = t->ssd ? share / or_else(t->bps, hw->ssd_bps) : 0, ssd_time = t->ssd ? fmax(ssd_s, runs / t->iops) : 0;
    double latency = c->g.ideal ? 0 : or_else(t->latency_s, t->ssd ? ssd_latency_s : 0);
    double slower = t->ssd || isnan(t->bps) ? 1 : hw->dram_bps / t->bps;
    double dram_s = (m.dram_s + (t->ssd ? share / hw->dram_bps : 0)) * slower;
    double ns = fmin(ceil((latency + fmax(fmax(m.time_s, c->g.ideal ? ssd_s : ssd_time), dram_s)) * 1e9), GBL_DEMAND_MOST_NS);
    out->alone_ns = (int64_t)ns;
    if (dir != GBL_R_N)
        out->busy_ns[dir] = fmin(m.pcie_busy_s * 1e9, ns);
    out->busy_ns[GBL_R_SSD] = fmin((c->g.ideal ? ssd_s : ssd_time) * 1e9, ns);
    out->busy_ns[GBL_R_DRAM] = fmin(dram_s * 1e9, ns);
    out->busy_ns[GBL_R_HBM] = fmin(m.hbm_s * 1e9, ns);
}
