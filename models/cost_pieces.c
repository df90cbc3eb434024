/* cost_pieces.c - a step over KV that a policy in C counts piece by piece (compress_pieces.c): its reads and work into the batch's
 * integers, which cost_compress.c prices. Cards beneath the policy code new tokens as they do alone. */
#include "models/cost_parts.h"

static void plus_read(gbl_kv_read *to, gbl_kv_read a, int64_t sign) {
    to->bytes_q8 += sign * a.bytes_q8;
    to->link_q8 += sign * a.link_q8;
    to->attended += sign * a.attended;
    to->quantised += sign * a.quantised;
}

static void plus_toll(gbl_kv_toll *to, gbl_kv_toll a, int64_t sign) {
    to->down_q8 += sign * a.down_q8;
    to->bytes_q8 += sign * a.bytes_q8;
    to->tensor_flops += sign * a.tensor_flops;
    to->vector_flops += sign * a.vector_flops;
    to->dram_q8 += sign * a.dram_q8;
}

void gbl_batch_advance_toll(gbl_kv_toll toll[2]) { plus_toll(&toll[0], toll[1], 1); }

static void add_launches(gbl_batch *b, const gbl_kv_piece *p, int32_t n) {
    int64_t launches = gbl_kv_pieces_launches(p, n);
    if (launches > b->kv.launches) b->kv.launches = launches;
}

static void add_codes(const gbl_cost *c, gbl_batch *b, int64_t prompt, int64_t kv) {
    gbl_kv_work w[GBL_KV_PARTS];
    if (!c->spec.compress->n_gens) return;
    if (kv > prompt) gbl_kv_event_work(c->spec.compress, prompt, kv, w);
    else gbl_kv_prefill_work(c->spec.compress, prompt, w);
    gbl_batch_add_work(b, w);
}

void gbl_batch_decode_pieces(const gbl_cost *c, gbl_batch *b, int64_t prompt, int64_t kv, const gbl_kv_piece *p, int32_t n) {
    int64_t again = gbl_kv_pieces_again(p, n);
    gbl_batch_decode(c, b, kv);
    plus_read(&b->kv.read, gbl_kv_pieces_read(c->spec.compress, p, n), 1);
    plus_toll(b->kv.toll, gbl_kv_pieces_toll(c->spec.compress, p, n), 1);
    add_launches(b, p, n);
    add_codes(c, b, prompt, kv);
    if (again > 0) gbl_batch_chunk(c, b, again, 0, 0);
}

void gbl_batch_chunk_pieces(const gbl_cost *c, gbl_batch *b, int64_t prompt, int64_t chunk, int sampled, const gbl_kv_piece *p, int32_t n) {
    gbl_batch_chunk(c, b, chunk, gbl_kv_pieces_before(p, n, chunk), sampled);
    b->kv.read.link_q8 += gbl_kv_pieces_read(c->spec.compress, p, n).link_q8; /* the chunk's attention reads the rest */
    plus_toll(b->kv.toll, gbl_kv_pieces_toll(c->spec.compress, p, n), 1);
    add_launches(b, p, n);
    if (sampled) add_codes(c, b, prompt, prompt);
}

void gbl_batch_forget_pieces(gbl_batch *b) {
    gbl_batch_forget_events(b);
    b->kv.read = b->kv.grow = (gbl_kv_read){0, 0, 0, 0};
    b->kv.toll[0] = b->kv.toll[1] = (gbl_kv_toll){0, 0, 0, 0, 0};
}

/* The first held step advances the batch to `next`, so it starts one growth before. */
void gbl_batch_next_pieces(const gbl_cost *c, gbl_batch *b, int64_t prompt, int64_t kv, const gbl_kv_piece *next, const gbl_kv_piece *then, int32_t n) {
    const gbl_kv_plan *plan = c->spec.compress;
    gbl_kv_read read = gbl_kv_pieces_read(plan, next, n);
    gbl_kv_toll toll = gbl_kv_pieces_toll(plan, next, n);
    plus_read(&b->kv.read, read, 1);
    plus_toll(&b->kv.toll[0], toll, 1);
    add_launches(b, next, n);
    add_codes(c, b, prompt, kv);
    if (!then) return;
    gbl_kv_read more_read = gbl_kv_pieces_read(plan, then, n);
    gbl_kv_toll more_toll = gbl_kv_pieces_toll(plan, then, n);
    plus_read(&more_read, read, -1);
    plus_toll(&more_toll, toll, -1);
    plus_read(&b->kv.grow, more_read, 1);
    plus_toll(&b->kv.toll[1], more_toll, 1);
    plus_read(&b->kv.read, more_read, -1);
    plus_toll(&b->kv.toll[0], more_toll, -1);
}
