/* kernel_link.c - collectives and point-to-point copies inside a node and between nodes; see kernels.h. */
#include <math.h>
#include <string.h>

#include "models/kernels.h"

static const double custom_most = 8e6; /* bytes: vLLM's custom all-reduce takes messages below 8 MB */

/* Between nodes: Vidur's send_recv of two H100 in two nodes, 142 sizes to 67 MB, median error 2 % (the pair of A100 of the same
 * table reaches 0.31 of its card: that cluster, not the GPU). */
static const double network_latency = 19e-6, network_share = 0.72;
/* A pair inside a node: the same tables, A100 13.6 us at 0.98 (median error 9 %), H100 7.7 us at 0.80 (2 %). Over PCIe the
 * share is the all-reduce's. */
static const double send_latency = 7.7e-6, send_share = 0.80;

/* One-way NCCL collectives: nccl-tests of aiconfigurator 095f58a, all sizes, 2, 4 and 8 GPUs. */
typedef struct one_way {
    double a, rank, root; /* s; s a rank after the first; s a square root of a MB */
    double e, gain;       /* share of the link on 8 GPUs; its growth with their number */
} one_way;
static const one_way gather_ampere = {8.0e-6, 0.94e-6, 9.7e-6, 0.76, 0.11}, gather_hopper = {4.5e-6, 0.91e-6, 5.1e-6, 0.83, 0.20};
static const one_way to_all_ampere = {10.7e-6, 0.33e-6, 8.3e-6, 0.75, 0.085}, to_all_hopper = {6.5e-6, 0.47e-6, 4.6e-6, 0.77, 0.044};

static int older(const gbl_hw *hw)
{
    return !strcmp(hw->arch, "ampere") || !strcmp(hw->arch, "ada");
}

/* Of n GPUs of a node. A ring is as fast as its slowest link, so one hop over PCIe makes all of it PCIe. */
static double link_of(const gbl_hw *hw, double n)
{
    return gbl_hw_nvlinked(hw, n) ? hw->nvlink_bps : hw->pcie_bps;
}

/* n GPUs: `in` of them in a node, on `nodes` nodes. */
typedef struct spread { double in, nodes; } spread;

static spread spread_of(const gbl_machine *g, int32_t n)
{
    int32_t most = g->hw->gpus_per_node > 0 ? g->hw->gpus_per_node : n;
    return n <= most ? (spread){n, 1} : (spread){most, ceil((double)n / most)};
}

static double reduce_inside(const gbl_machine *g, double bytes, double n)
{
    const gbl_calib *c = g->cal;
    double link = link_of(g->hw, n), ring = 2 * (n - 1) / n * bytes;
    if (g->ideal)
        return ring / link;
    if (!gbl_hw_nvlinked(g->hw, n))
        return c->pcie_ar_a + c->pcie_ar_rank * (n - 1) + ring / (link * c->pcie_ar_e);
    double wait = g->engine ? c->ar_extra : 0;
    if (bytes >= custom_most)
        return wait + c->ar_big_a + c->ar_big_rank * (n - 1) + c->ar_big_sqrt * sqrt(bytes / 1e6) +
               ring / (link * c->ar_big_e * pow(n / 8, c->ar_big_gain));
    double one_shot = bytes * (n - 1) / (link * c->ar_e1), two_shot = c->ar_a2 + ring / (link * c->ar_e2);
    return wait + c->ar_a0 + c->ar_a1 * log2(n) + fmin(one_shot, two_shot);
}

static double one_way_inside(const gbl_machine *g, const one_way *p, double bytes, double n, double sent)
{
    const gbl_calib *c = g->cal;
    double link = link_of(g->hw, n);
    if (g->ideal)
        return sent / link;
    if (!gbl_hw_nvlinked(g->hw, n))
        return c->pcie_ar_a + c->pcie_ar_rank * (n - 1) + sent / (link * c->pcie_ar_e);
    return p->a + p->rank * (n - 1) + p->root * sqrt(bytes / 1e6) + sent / (link * p->e * pow(n / 8, p->gain));
}

/* Over the network, the steps of a ring wait for each other. */
static double between(const gbl_machine *g, double sent, double steps)
{
    double net = g->hw->network_bps;
    if (g->ideal)
        return sent / net;
    return steps * network_latency + sent / (net * network_share);
}

static void bill(const gbl_machine *g, double n, double inside, double outside, gbl_kernel *out)
{
    memset(out, 0, sizeof *out);
    out->link_bytes = inside + outside;
    out->link_s = inside / link_of(g->hw, n);
    out->net_s = outside > 0 ? outside / g->hw->network_bps : 0;
}

void gbl_all_reduce(const gbl_machine *g, double bytes, int32_t n, gbl_kernel *out)
{
    memset(out, 0, sizeof *out);
    if (n <= 1 || bytes <= 0)
        return;
    spread s = spread_of(g, n);
    double inside = 2 * (s.in - 1) / s.in * bytes, outside = 2 * (s.nodes - 1) / s.nodes * bytes / s.in;
    bill(g, s.in, inside, outside, out);
    out->time_s = s.in > 1 ? reduce_inside(g, bytes, s.in) : 0;
    if (s.nodes > 1)
        out->time_s += between(g, outside, 2 * (s.nodes - 1));
}

static void gather(const gbl_machine *g, double bytes, int32_t n, gbl_kernel *out)
{
    memset(out, 0, sizeof *out);
    if (n <= 1 || bytes <= 0)
        return;
    spread s = spread_of(g, n);
    double inside = (s.in - 1) / s.in * bytes, outside = (s.nodes - 1) / s.nodes * bytes / s.in;
    bill(g, s.in, inside, outside, out);
    out->time_s = s.in > 1 ? one_way_inside(g, older(g->hw) ? &gather_ampere : &gather_hopper, bytes, s.in, inside) : 0;
    if (s.nodes > 1)
        out->time_s += between(g, outside, s.nodes - 1);
}

void gbl_all_gather(const gbl_machine *g, double bytes, int32_t n, gbl_kernel *out)
{
    gather(g, bytes, n, out);
}

void gbl_reduce_scatter(const gbl_machine *g, double bytes, int32_t n, gbl_kernel *out)
{
    gather(g, bytes, n, out);
}

/* Both ways at once: what stays in the node goes over its links while the rest goes over the network, all peers together. */
void gbl_all_to_all(const gbl_machine *g, double bytes, int32_t n, gbl_kernel *out)
{
    memset(out, 0, sizeof *out);
    if (n <= 1 || bytes <= 0)
        return;
    spread s = spread_of(g, n);
    double all = s.in * s.nodes, inside = (s.in - 1) / all * bytes, outside = (all - s.in) / all * bytes;
    bill(g, s.in, inside, outside, out);
    double near = s.in > 1 ? one_way_inside(g, older(g->hw) ? &to_all_ampere : &to_all_hopper, bytes, s.in, inside) : 0;
    out->time_s = s.nodes > 1 ? fmax(near, between(g, outside, 1)) : near;
}

void gbl_send(const gbl_machine *g, double bytes, int across, gbl_kernel *out)
{
    memset(out, 0, sizeof *out);
    if (bytes <= 0)
        return;
    double pair = g->hw->nvlink_group ? g->hw->nvlink_group + 1 : 2; /* the next stage lies in another group */
    bill(g, pair, across ? 0 : bytes, across ? bytes : 0, out);
    if (across)
        out->time_s = between(g, bytes, 1);
    else if (g->ideal)
        out->time_s = out->link_s;
    else
        out->time_s = send_latency + out->link_s / (gbl_hw_nvlinked(g->hw, pair) ? send_share : g->cal->pcie_ar_e);
}
