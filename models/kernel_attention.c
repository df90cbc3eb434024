/* kernel_attention.c - decode, prefill and mixed attention; see kernels.h. */
#include <math.h>
#include <string.h>

#include "models/kernels.h"

static double t0_share(const gbl_machine *g)
{
    return g->engine ? g->attention_t0 : 1;
}

void gbl_decode_prepare(const gbl_machine *g, const gbl_attn_shape *s, double b, gbl_decode_terms *out)
{
    const gbl_calib *c = g->cal;
    double ctas = b * s->kv_heads, sms = g->hw->sms;
    int splits = c->dec_split_mha > 0 || s->heads != s->kv_heads;
    memset(out, 0, sizeof *out);
    out->b = b;
    out->qo = b * s->qo_bytes;
    if (b <= 0 || g->ideal)
        return;
    out->cta_p = pow(c->dec_t_cta * ctas / sms, c->dec_p);
    out->share = c->dec_g * ctas / sms;
    out->most_split = splits ? fmax(1, 2 * sms / ctas) : 1;
    out->fixed = c->dec_t0 * t0_share(g);
    if (s->narrow_kv)
        out->fixed += c->dec_fp8_t0;
    if (s->heads > s->kv_heads && s->kv_heads > 1 && b > 1)
        out->fixed += c->dec_copy;
}

static double decode_share(const gbl_machine *g, const gbl_attn_shape *s)
{
    return s->narrow_kv ? g->cal->dec_fp8_e_m : g->cal->dec_e_m;
}

void gbl_decode(const gbl_machine *g, const gbl_attn_shape *s, const gbl_decode_terms *t, double kv, gbl_kernel *out)
{
    const gbl_calib *c = g->cal;
    memset(out, 0, sizeof *out);
    if (t->b <= 0)
        return;
    out->flops = s->heads * s->decode_flops * kv;
    out->hbm_bytes = kv * s->kv_bytes + t->qo;
    out->sm_s = out->flops / s->compute_flops;
    out->hbm_s = out->hbm_bytes / g->hw->hbm_bps;
    if (g->ideal) {
        out->time_s = fmax(out->sm_s, out->hbm_s);
        return;
    }
    /* The split is taken as a real number: with a ceiling, time would fall at each 256th token. */
    double each = kv / t->b, split = fmin(t->most_split, fmax(1, each / 256));
    double stream = out->hbm_s / (decode_share(g, s) * fmin(1, t->share * split));
    double time = pow(t->cta_p + pow(stream, c->dec_p), 1 / c->dec_p);
    double dense = out->sm_s / c->pre_e_c, both = time > dense ? time : dense;
    if (c->dec_dense_p > 0)
        both = pow(pow(time, c->dec_dense_p) + pow(dense, c->dec_dense_p), 1 / c->dec_dense_p);
    out->time_s = t->fixed + both + (each > 128 ? c->dec_comb : 0);
}

/* Chunks that fill few SMs leave the rest idle (waves), and one CTA walks its whole prefix (path). */
static double tile_time(const gbl_machine *g, const gbl_attn_shape *s, const gbl_prefill_load *l, double e_c)
{
    const gbl_calib *c = g->cal;
    double sms = g->hw->sms, peak = s->compute_flops * e_c;
    double pairs = l->tile_pairs + c->pre_decode * c->pre_rows * l->dec_kv;
    double ctas = s->heads * l->tiles + (c->pre_decode > 0 ? s->heads : s->kv_heads) * l->dec_n;
    double w = ctas / sms, waves = (1 - c->pre_q) * w + c->pre_q * ceil(w);
    double busy = s->heads * s->flops_pair * pairs / peak * waves / w + c->pre_t_w * fmax(0, waves - 1);
    double path = s->flops_pair * c->pre_rows * l->longest / (peak / sms);
    return busy > path ? busy : path;
}

/* Share of the peak that full tiles reach, by head size and KV format. */
static double prefill_share(const gbl_machine *g, const gbl_attn_shape *s)
{
    const gbl_calib *c = g->cal;
    double full = s->narrow_kv ? c->pre_fp8_e_c : c->pre_e_c, soft = c->pre_softmax;
    return full * (1 + soft) / (1 + soft * 512 / s->flops_pair) * (g->engine ? c->gemm.phi_c : 1);
}

void gbl_prefill(const gbl_machine *g, const gbl_attn_shape *s, const gbl_prefill_load *l, gbl_kernel *out)
{
    const gbl_calib *c = g->cal;
    memset(out, 0, sizeof *out);
    if (l->tokens <= 0)
        return;
    double dec_bytes = l->dec_kv * s->kv_bytes + l->dec_n * s->qo_bytes;
    out->flops = s->heads * (s->flops_pair * l->pairs + s->decode_flops * l->dec_kv);
    out->hbm_bytes = l->kv * s->kv_bytes + l->tokens * s->qo_bytes + dec_bytes;
    out->sm_s = out->flops / s->compute_flops;
    out->hbm_s = out->hbm_bytes / g->hw->hbm_bps;
    if (g->ideal) {
        out->time_s = fmax(out->sm_s, out->hbm_s);
        return;
    }
    double tiles = tile_time(g, s, l, prefill_share(g, s));
    if (c->pre_droop > 0) /* long kernels run into the power limit */
        tiles /= 1 - c->pre_droop * tiles / (tiles + 1e-3);
    /* kvw bytes an element of K and V in 16 bits: read by several tiles, and written to the cache. */
    double bytes = l->tokens * (s->qo_bytes + c->pre_kvw / 4 * s->kv_bytes) + (l->kv - l->tokens) * s->kv_bytes;
    out->time_s = c->pre_t0 * t0_share(g) + tiles + bytes / (g->hw->hbm_bps * c->pre_e_m) +
                  dec_bytes / (g->hw->hbm_bps * decode_share(g, s));
}
