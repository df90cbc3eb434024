/* token_bucket - every tenant has a bucket that fills at a rate up to a burst; a request takes what it counts or is turned away,
 * or waits until its tenant's bucket holds enough. One that counts more than the burst needs a full bucket, and leaves it in
 * debt for the rest, so that the rate holds whatever the sizes. */
#include "policies/policy.h"

enum { COUNT_REQUESTS, COUNT_PROMPT, COUNT_TOTAL };
enum { THEN_REJECT, THEN_WAIT };
enum { TENANTS = 1024 /* more share a bucket */ };
typedef struct token_bucket {
    double rate_s, burst;
    int32_t count, then;
    double taken[TENANTS]; /* below full, at since_ns */
    int64_t since_ns[TENANTS];
} token_bucket;
static const gbl_param params[] = {
    {"rate_s", GBL_P_REAL, 0, offsetof(token_bucket, rate_s), "1", 1e-9, 1e12, "1/s", NULL, "What a tenant may use a second, in the unit of `count`."},
    {"burst", GBL_P_REAL, 0, offsetof(token_bucket, burst), "10", 1e-9, 1e12, NULL, NULL, "What a full bucket holds; a request that counts more needs a full one and leaves it in debt."},
    {"count", GBL_P_CHOICE, 0, offsetof(token_bucket, count), "\"requests\"", 0, 0, NULL, "requests|prompt|total", "A request counts one, its prompt tokens, or prompt and output tokens (known to the trace alone)."},
    {"then", GBL_P_CHOICE, 0, offsetof(token_bucket, then), "\"reject\"", 0, 0, NULL, "reject|wait", "What becomes of a request that finds too little."},
    {0}};

static int ask(void *state, const gbl_host *h, int32_t id, int64_t *again_ns) {
    token_bucket *s = state;
    const gbl_req *r = h->request(h, id);
    uint32_t t = (uint32_t)r->tenant % TENANTS;
    int64_t now = h->now_ns(h);
    double wants = s->count == COUNT_REQUESTS ? 1 : s->count == COUNT_PROMPT ? r->input : (double)r->input + r->output;
    double taken = s->taken[t] - s->rate_s * 1e-9 * (double)(now - s->since_ns[t]);
    s->taken[t] = taken > 0 ? taken : 0;
    s->since_ns[t] = now;
    double missing = s->taken[t] + (wants < s->burst ? wants : s->burst) - s->burst;
    if (missing <= 1e-9 * s->burst) {
        s->taken[t] += wants;
        return GBL_ADMIT_NOW;
    }
    double wait_ns = missing / s->rate_s * 1e9;
    *again_ns = now + (wait_ns < 1e18 ? (int64_t)wait_ns : (int64_t)1e18) + 1;
    return s->then == THEN_WAIT ? GBL_ADMIT_LATER : GBL_ADMIT_NEVER;
}

static const gbl_admit_policy token_bucket_policy = {
    {sizeof(gbl_admit_policy), GBL_ADMIT, GBL_ABI, "token_bucket", "A rate and a burst for each tenant.", "token bucket, as API providers limit requests and tokens a minute; textbook", params,
     sizeof(token_bucket), 0, 0},
    NULL, ask};
GBL_EXPORT(&token_bucket_policy.head);
