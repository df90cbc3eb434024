/* threshold - one replica more while too many requests wait for each, or too much of their KV memory is in use; one less when little
 * is in use and nobody waits. What is asked for comes delay_s later: machine, weights, engine. A Kubernetes autoscaler on vLLM's
 * queue and cache metrics does this. */
#include "policies/policy.h"

typedef struct threshold {
    int64_t least, step;
    double delay_s, interval_s, calm_s, up_queue, up_kv, down_kv;
    int64_t changed_ns;
} threshold;
static const gbl_param params[] = {
    {"least", GBL_P_INT, 0, offsetof(threshold, least), "1", 1, 65536, "replicas", NULL, "Never fewer than this; cluster.replicas is the most."},
    {"step", GBL_P_INT, 0, offsetof(threshold, step), "1", 1, 65536, "replicas", NULL, "Replicas added or given up at once."},
    {"delay_s", GBL_P_REAL, 0, offsetof(threshold, delay_s), "120", 0, 1e6, "s", NULL, "From asking for a replica until it serves (assumed: two minutes for a machine that is there and weights of an 8B model)."},
    {"interval_s", GBL_P_REAL, 0, offsetof(threshold, interval_s), "15", 1e-3, 1e6, "s", NULL, "Time between two looks (the Kubernetes autoscaler's default)."},
    {"calm_s", GBL_P_REAL, 0, offsetof(threshold, calm_s), "300", 0, 1e6, "s", NULL, "Gives nothing up so soon after a change (the Kubernetes autoscaler's default)."},
    {"up_queue", GBL_P_REAL, 0, offsetof(threshold, up_queue), "4", 0, 1e9, "requests", NULL, "More replicas while so many wait for each that serves."},
    {"up_kv", GBL_P_REAL, 0, offsetof(threshold, up_kv), "0.9", 0, 1, "share", NULL, "More replicas while so much of their KV blocks is in use."},
    {"down_kv", GBL_P_REAL, 0, offsetof(threshold, down_kv), "0.3", 0, 1, "share", NULL, "Fewer replicas while no more than this is in use and nobody waits."},
    {0}};

static int64_t interval_ns(void *state) { return (int64_t)(((const threshold *)state)->interval_s * 1e9); }
static int64_t delay_ns(void *state) { return (int64_t)(((const threshold *)state)->delay_s * 1e9); }

static int32_t want(void *state, const gbl_host *h, const gbl_scale_view *v) {
    threshold *s = state;
    int64_t n = v->up + v->starting;
    (void)h;
    if (v->first) {
        s->changed_ns = v->now_ns;
        return (int32_t)s->least;
    }
    int more = v->waiting >= s->up_queue * v->up || v->used_share >= s->up_kv, fewer = !v->waiting && v->used_share <= s->down_kv;
    if (more && !v->starting) n += s->step; /* what was asked for is on its way */
    else if (fewer && !v->starting && v->now_ns - s->changed_ns >= (int64_t)(s->calm_s * 1e9)) n -= s->step;
    else return (int32_t)n;
    if (n < s->least) n = s->least;
    if (n > v->most) n = v->most;
    if (n != v->up + v->starting) s->changed_ns = v->now_ns;
    return (int32_t)n;
}

static const gbl_scale_policy threshold_policy = {
    {sizeof(gbl_scale_policy), GBL_SCALE, GBL_ABI, "threshold", "Replicas follow the queue and the KV memory in use, with a delay.",
     "Kubernetes horizontal pod autoscaler (kubernetes.io, 15 s and 300 s) on vLLM's num_requests_waiting and gpu_cache_usage_perc", params, sizeof(threshold), 0, 0},
    NULL, want, interval_ns, delay_ns};
GBL_EXPORT(&threshold_policy.head);
