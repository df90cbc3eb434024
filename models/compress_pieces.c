/* compress_pieces.c - the KV of a sequence as a compression policy in C counts it (policy.h, gbl_kv_piece), in the bits and channels
 * of the composition beneath: bytes, reads and work. One cell stands for every token, so all bytes are whole 1/256ths a token and
 * all sums are exact.
 *
 * Work, as in compress_work.c: keys read once in full and compared, 2 dk FLOP a key, query and query head; where several queries
 * score, their scores written and read (2 x 2 B); a radix selection reads 2-byte scores three times; gathered rows are read and
 * written. */
#include <math.h>

#include "models/compress_parts.h"

typedef struct piece_rates { int64_t token, key, dk; } piece_rates; /* 1/256 bytes of a token in codes, of a K in full; elements of a K */

static piece_rates rates_of(const gbl_kv_plan *plan, const gbl_kv_piece *p) {
    gbl_kv_cell c = plan->cell[0];
    c.layers = p->layers;
    c.heads = p->heads;
    const gbl_kv_shape *s = &plan->shape;
    return (piece_rates){gbl_kv_token_q8(plan, &c), (int64_t)ceil((double)p->layers * p->heads * s->dk * s->bits / 8 * 256), llround(s->dk)};
}

static int64_t walks(const gbl_kv_piece *p) { return (int64_t)p->layers * p->heads; }
static int64_t pages(int64_t tokens, int64_t page) { return (tokens + page - 1) / page * page; }

int64_t gbl_kv_pieces_tokens_in(const gbl_kv_plan *plan, int64_t bytes_q8) {
    return bytes_q8 / gbl_kv_token_q8(plan, &plan->cell[0]);
}

int64_t gbl_kv_pieces_q8(const gbl_kv_plan *plan, const gbl_kv_piece *p, int32_t n, int64_t page) {
    int64_t sum = 0;
    for (int32_t i = 0; i < n; i++) {
        piece_rates q = rates_of(plan, &p[i]);
        sum += pages(p[i].hbm, page) * q.token + p[i].index * q.key;
    }
    return sum;
}

gbl_kv_read gbl_kv_pieces_read(const gbl_kv_plan *plan, const gbl_kv_piece *p, int32_t n) {
    const gbl_kv_cell *c = &plan->cell[0];
    gbl_kv_read sum = {0, 0, 0, 0};
    for (int32_t i = 0; i < n; i++) {
        piece_rates q = rates_of(plan, &p[i]);
        sum.bytes_q8 += p[i].read * q.token;
        sum.link_q8 += p[i].up * q.token;
        sum.attended += p[i].read * walks(&p[i]);
        if (c->bk < plan->shape.bits || c->bv < plan->shape.bits) sum.quantised += p[i].read * walks(&p[i]);
    }
    return sum;
}

gbl_kv_toll gbl_kv_pieces_toll(const gbl_kv_plan *plan, const gbl_kv_piece *p, int32_t n) {
    gbl_kv_toll sum = {0, 0, 0, 0, 0};
    int64_t group = plan->shape.heads / plan->shape.kv_heads;
    for (int32_t i = 0; i < n; i++) {
        const gbl_kv_piece *x = &p[i];
        piece_rates q = rates_of(plan, x);
        int64_t scores = x->keys * x->queries * group * walks(x);
        sum.down_q8 += x->down * q.token;
        sum.dram_q8 += x->dram * q.token;
        sum.bytes_q8 += x->keys * q.key + (x->queries > 1 ? scores * 4 * 256 : 0) + x->ranked * walks(x) * 6 * 256 + x->gathered * 2 * q.token;
        sum.tensor_flops += 2 * q.dk * scores + x->products * walks(x);
        sum.vector_flops += x->flops * walks(x);
    }
    return sum;
}

int64_t gbl_kv_pieces_launches(const gbl_kv_piece *p, int32_t n) {
    int64_t sum = 0;
    for (int32_t i = 0; i < n; i++)
        sum += p[i].layers * ((p[i].keys ? p[i].queries > 1 ? 4 : 1 : 0) + (p[i].ranked ? 3 : 0) + (p[i].gathered > 0) + (p[i].products > 0) + (p[i].flops > 0));
    return sum;
}

int64_t gbl_kv_pieces_again(const gbl_kv_piece *p, int32_t n) {
    int64_t sum = 0, all = 0;
    for (int32_t i = 0; i < n; i++) {
        sum += p[i].again * walks(&p[i]);
        all += walks(&p[i]);
    }
    return sum / all;
}

/* Pairs of c queries with themselves and those before them, within a window. */
static double pairs_within(int64_t c, int64_t w) {
    if (w == 0 || w > c) w = c;
    return (double)w * (double)(w + 1) / 2 + (double)(c - w) * (double)w;
}

int64_t gbl_kv_pieces_before(const gbl_kv_piece *p, int32_t n, int64_t chunk) {
    double pairs = 0, all = 0;
    for (int32_t i = 0; i < n; i++) {
        pairs += (double)walks(&p[i]) * ((double)p[i].read * (double)chunk + pairs_within(chunk, p[i].within) - pairs_within(chunk, 0));
        all += (double)walks(&p[i]);
    }
    return (int64_t)floor(pairs / all / (double)chunk);
}

int gbl_kv_pieces_growth(const gbl_kv_plan *plan, const gbl_kv_piece *const at[3], int32_t n, int64_t page, int64_t *each, int64_t *ring) {
    int line = 1;
    for (int32_t i = 0; i < n; i++) {
        const gbl_kv_piece *a = &at[0][i], *b = &at[1][i], *c = &at[2][i];
        piece_rates q = rates_of(plan, a);
        int64_t step = b->hbm - a->hbm;
        if (step == 1 && c->hbm - b->hbm == 1) ring[(page - a->hbm % page) % page] += page * q.token;
        else *each += (pages(b->hbm, page) - pages(a->hbm, page)) * q.token;
        *each += (b->index - a->index) * q.key;
        line &= c->hbm - b->hbm == step && (step == 0 || step == 1) && a->index == b->index && b->index == c->index;
    }
    return line;
}
