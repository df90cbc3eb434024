/* cost_host.c - what the host adds to a step; the form stands in runtime.h. */
#include <math.h>

#include "models/cost_parts.h"

double gbl_cost_host_alone_s(const gbl_cost *c, const gbl_batch *b)
{
    const gbl_runtime *r = c->spec.runtime;
    double host = r->host_step_s + r->host_seq_s * (double)(b->dec_n - b->pad + b->pre_n);
    return gbl_cost_gpus(c) > 1 ? host + r->host_multi_s : host;
}

/* Is the whole step launched from CUDA graphs? */
static int in_graphs(const gbl_cost *c, const gbl_batch *b)
{
    const gbl_runtime *r = c->spec.runtime;
    return r->graphs && (b->pre_tokens == 0 || r->graph_prefill) && b->dec_n + b->pre_tokens <= r->graph_max;
}

double gbl_cost_host_s(const gbl_cost *c, const gbl_batch *b, double device, double attention)
{
    const gbl_runtime *r = c->spec.runtime;
    double host = gbl_cost_host_alone_s(c, b), floor_s = 0;
    if (!in_graphs(c, b)) /* dp ranks and pipeline stages launch side by side */
        floor_s = (double)c->spec.llm->layers * r->layer_launches * r->launch_s + (r->kv_share > 0 ? attention : 0);
    double wait = floor_s > device ? floor_s - device : 0, serial = wait + (1 - r->host_hidden) * host;
    return device + serial < host ? host - device : serial;
}
