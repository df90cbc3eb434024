/* network.h - the cluster's network as a fluid: every machine has a port out and a port in, every shared store one line, and a
 * transfer is a flow over the lines that it uses. Rates are max-min fair (Bertsekas, Gallager: Data Networks, 2nd ed., 1992,
 * section 6.5.2): all flows grow together until a line is full or a flow meets its own limit; those that cannot grow stop, the
 * rest goes on. Rates change when a flow starts or ends. Work is O(flows under way) for each start and end.
 *
 * Answers do not depend on the order in which flows of one instant were started: each line only counts its flows, and flows
 * that end together end in the order of their tags. Bytes are conserved: what left the senders is what arrived and what is
 * under way, and no line carries more than its capacity (asserted). */
#ifndef GBL_NETWORK_H
#define GBL_NETWORK_H
#include <stdint.h>
#include "base/err.h"

enum { GBL_NET_LINES = 3 }; /* of one flow, at most: out, in, store */

typedef struct gbl_net_line {
    double bps, carried; /* bytes a second; bytes so far */
    double spare;        /* while rates are shared out */
    int32_t growing;
} gbl_net_line;

typedef struct gbl_net_flow {
    int32_t line[GBL_NET_LINES], n_lines;
    double bytes, left, limit_bps, bps; /* limit_bps: INFINITY where only the lines limit it */
    int64_t end_ns, tag;
    int32_t growing;
} gbl_net_flow;

typedef struct gbl_network {
    gbl_net_line *line;
    gbl_net_flow *flow;
    size_t n_lines, n, room;
    int64_t now_ns;
    double begun, arrived; /* bytes of flows started, and of flows ended */
} gbl_network;

int gbl_network_init(gbl_network *w, size_t lines, gbl_err *err); /* capacities are the caller's to set */
void gbl_network_fini(gbl_network *w);
/* A flow of `bytes` over n lines, each of positive capacity; tags of flows under way differ. 0, or GBL_EFAULT (memory). */
int gbl_network_start(gbl_network *w, int64_t now_ns, double bytes, const int32_t *lines, int32_t n, double limit_bps, int64_t tag, gbl_err *err);
int64_t gbl_network_next(const gbl_network *w); /* earliest end; INT64_MAX for none */
/* Ends one flow that is due: 1, its tag and bytes; or 0. Call until 0. */
int gbl_network_finish(gbl_network *w, int64_t now_ns, int64_t *tag);
/* Drops a flow under way (its request is gone); what was carried stays carried. */
void gbl_network_drop(gbl_network *w, int64_t now_ns, int64_t tag);
/* Asserts the accounts, at now_ns. */
void gbl_network_check(gbl_network *w, int64_t now_ns);

#endif
