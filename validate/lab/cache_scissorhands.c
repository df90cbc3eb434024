/* cache_scissorhands.c - Scissorhands (Liu et al., NeurIPS'23): when the buffer is full, half of it goes at once: the tokens that most
 * of the last 400 queries gave less than the average, the last 10 excepted (window, recent and drop: recalled from the paper,
 * unchecked). */
#include <string.h>

#include "validate/lab/cache.h"

enum { WINDOW = 400, RECENT = 10 };

/* WINDOW lines of a bit a token: set where that query gave it less than average. A line is taken back when its query leaves. */
static size_t line_bytes(int64_t tokens)
{
    return (size_t)(tokens + 7) / 8;
}

static size_t ring_bytes(int64_t tokens)
{
    return WINDOW * line_bytes(tokens);
}

static void clear_line(uint8_t *line, double *count, int64_t tokens)
{
    for (int64_t j = 0; j < tokens; j++) count[j] -= line[j / 8] >> j % 8 & 1;
    memset(line, 0, line_bytes(tokens));
}

static void add_line(uint8_t *ring, double *count, int64_t tokens, int64_t last, const gbl_row *row, const uint8_t *in, double average)
{
    int64_t from = last + 1 < row->t - WINDOW + 1 ? row->t - WINDOW + 1 : last + 1;
    for (int64_t t = from < 0 ? 0 : from; t <= row->t; t++) clear_line(ring + (size_t)(t % WINDOW) * line_bytes(tokens), count, tokens);
    uint8_t *line = ring + (size_t)(row->t % WINDOW) * line_bytes(tokens);
    for (int64_t j = 0; j <= row->t; j++) {
        if ((in && !in[j]) || (double)row->a[j] >= average) continue;
        line[j / 8] |= (uint8_t)(1u << j % 8);
        count[j]++;
    }
}

static void observe(gbl_note *n, const gbl_row *row)
{
    if (row->t >= n->prompt - WINDOW) add_line(n->extra, n->sum[0], n->tokens, n->last, row, NULL, 1 / (double)(row->t + 1));
}

static void choose(gbl_cache *c, const gbl_note *n)
{
    int64_t last = c->n - (c->budget < RECENT ? c->budget : RECENT);
    memcpy(c->extra, n->extra, ring_bytes(c->tokens));
    memcpy(c->score, n->sum[0], (size_t)c->tokens * sizeof *c->score);
    for (int64_t j = 0; j < c->n; j++) c->cell[j] = -c->score[j];
    gbl_cache_keep_top(c, c->cell, 0, last, c->budget - (c->n - last));
    for (int64_t j = last; j < c->n; j++) gbl_cache_keep(c, j);
}

static void step(gbl_cache *c, const gbl_row *row)
{
    add_line(c->extra, c->score, c->tokens, row->t - 1, row, c->in, gbl_cache_mass(c, row) / (double)c->held);
    if (c->held <= c->budget) return;
    int64_t last = gbl_cache_recent(c, RECENT), drop = c->budget > 1 ? c->budget / 2 : 1;
    for (int64_t j = 0; j < c->n; j++) c->cell[j] = -c->score[j];
    for (; drop > 0; drop--) {
        int64_t out = gbl_cache_least(c, c->cell, 0, last);
        if (out < 0) out = gbl_cache_least(c, c->cell, 0, c->n - 1);
        if (out < 0) return;
        gbl_cache_evict(c, out);
    }
}

const gbl_cache_method gbl_cache_scissorhands = {.name = "scissorhands", .brief = "drops half at once: what the last 400 queries most often gave less than average",
                                                 .source = "Liu et al., NeurIPS'23", .note_extra = ring_bytes, .extra = ring_bytes,
                                                 .observe = observe, .choose = choose, .step = step};
