/* kernel_link.c - collectives inside a node; see kernels.h. */
#include <math.h>
#include <string.h>

#include "models/kernels.h"

static const double custom_most = 8e6; /* bytes: vLLM's custom all-reduce takes messages below 8 MB */

static double over_nvlink(const gbl_machine *g, double bytes, double n, double ring)
{
    const gbl_calib *c = g->cal;
    double link = g->hw->nvlink_bps, wait = g->engine ? c->ar_extra : 0;
    if (bytes >= custom_most)
        return wait + c->ar_big_a + c->ar_big_rank * (n - 1) + c->ar_big_sqrt * sqrt(bytes / 1e6) +
               ring / (link * c->ar_big_e * pow(n / 8, c->ar_big_gain));
    double one_shot = bytes * (n - 1) / (link * c->ar_e1), two_shot = c->ar_a2 + ring / (link * c->ar_e2);
    return wait + c->ar_a0 + c->ar_a1 * log2(n) + fmin(one_shot, two_shot);
}

static void collective(const gbl_machine *g, double bytes, double n, double ring, gbl_kernel *out)
{
    const gbl_calib *c = g->cal;
    double nvlink = g->hw->nvlink_bps, link = nvlink > 0 ? nvlink : g->hw->pcie_bps;
    memset(out, 0, sizeof *out);
    if (n <= 1 || bytes <= 0)
        return;
    out->link_bytes = ring;
    out->link_s = ring / link;
    if (g->ideal)
        out->time_s = out->link_s;
    else if (nvlink > 0)
        out->time_s = over_nvlink(g, bytes, n, ring);
    else
        out->time_s = c->pcie_ar_a + c->pcie_ar_rank * (n - 1) + ring / (link * c->pcie_ar_e);
}

void gbl_all_reduce(const gbl_machine *g, double bytes, int32_t n, gbl_kernel *out)
{
    collective(g, bytes, n, 2.0 * (n - 1) / n * bytes, out);
}

void gbl_all_gather(const gbl_machine *g, double bytes, int32_t n, gbl_kernel *out)
{
    collective(g, bytes, n, (double)(n - 1) / n * bytes, out);
}
