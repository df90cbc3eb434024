/* quickvideo - prompts are videos: the CPU decodes them in groups of frames, and the GPU computes a group as soon as it is there, or all of
 * them after the last (overlap false). What is kept of each group is the card quickvideo's to say (policy.compress). Times are the
 * publication's for an hour of video in 1,024 frames: 12.6 s on 8 cores, the first group after 2.9 s. The text of a question stands at the
 * prompt's end and comes with its last group. Source: arXiv 2505.16175 (figure interleaving_time.png). */
#include "policies/policy.h"

typedef struct quickvideo {
    double first_s, decode_s, host_share;
    int64_t tokens, groups, tenant;
    int32_t overlap;
} quickvideo;
static const gbl_param params[] = {
    {"first_s", GBL_P_REAL, 0, offsetof(quickvideo, first_s), "2.9", 0, 1e6, "s", NULL, "Until the first group is decoded."},
    {"decode_s", GBL_P_REAL, 0, offsetof(quickvideo, decode_s), "12.6", 0, 1e6, "s", NULL, "Until the last group is, alone."},
    {"tokens", GBL_P_INT, GBL_P_NULLABLE, offsetof(quickvideo, tokens), "null", 1, 1e9, "tokens", NULL, "Of the prompt that takes so long; the groups after the first of others take in proportion; null: all take so long."},
    {"groups", GBL_P_INT, 0, offsetof(quickvideo, groups), "64", 1, 65536, "groups", NULL, "Of frames, of equal tokens (1,024 frames, 16 a group)."},
    {"host_share", GBL_P_REAL, 0, offsetof(quickvideo, host_share), "0.125", 0, 1, "share", NULL, "Of the host that decoding one video keeps busy (8 cores of 64, assumed); more videos than fit slow each other down."},
    {"overlap", GBL_P_BOOL, 0, offsetof(quickvideo, overlap), "true", 0, 0, NULL, NULL, "Groups are computed as they come; false: after the last."},
    {"tenant", GBL_P_INT, GBL_P_NULLABLE, offsetof(quickvideo, tenant), "null", 0, 1e9, NULL, NULL, "Prompts of this tenant are videos, the others come whole; null: all."},
    {0}};

static int feed(void *state, const gbl_host *h, int32_t id, int64_t k, gbl_input_piece *out) {
    const quickvideo *s = (const quickvideo *)state;
    const gbl_req *q = &h->view->req[id];
    int64_t P = q->input, n = s->groups < P ? s->groups : P;
    double rest = s->decode_s > s->first_s ? s->decode_s - s->first_s : 0, seconds = s->first_s;
    if (k >= n || (s->tenant != GBL_NULL_INT && s->tenant != q->tenant)) return 0;
    if (s->tokens != GBL_NULL_INT) rest *= (double)P / (double)s->tokens;
    out->tokens = P * (k + 1) / n - P * k / n;
    if (k) seconds = rest / (double)(n - 1);
    if (!s->overlap) {
        out->tokens = P;
        seconds = s->first_s + rest;
    }
    out->demand.alone_ns = (int64_t)fmin(ceil(seconds * 1e9), GBL_DEMAND_MOST_NS / 4);
    out->demand.busy_ns[GBL_R_HOST] = s->host_share * (double)out->demand.alone_ns;
    return 1;
}

static const gbl_execute_policy quickvideo_policy = {
    {sizeof(gbl_execute_policy), GBL_EXECUTE, GBL_ABI, "quickvideo", "Prompts are videos that the CPU decodes in groups of frames while the GPU computes the groups before.", "QuickVideo (arXiv 2505.16175)", params,
     sizeof(quickvideo), 0, GBL_EXECUTE_UNSHARED},
    NULL, NULL, feed};
GBL_EXPORT(&quickvideo_policy.head);
