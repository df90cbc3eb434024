/* Blocks found by what they begin with, for prefix policies that copy part of a block. A block's content is the pieces of the
 * trace's ids that it holds; equal ids behind equal chains hold equal tokens, so the start of a piece names it, and of blocks
 * with the same piece the one that holds most of it is remembered. */
#include <string.h>

#include "sim/kvpool.h"

int gbl_kvpool_look_inside(gbl_kvpool *p, gbl_err *err) {
    p->inside = gbl_map_new(1024);
    return p->inside ? 0 : gbl_nomem(err, 1024);
}

static int32_t end_of(const gbl_kvpool *p, int32_t node, uint64_t key) {
    const gbl_kvpiece *piece = p->piece + (size_t)node * p->pieces;
    for (size_t i = 0; i < p->pieces && piece[i].key; i++)
        if (piece[i].key == key) return piece[i].end;
    return 0;
}

int32_t gbl_kvpool_inside(const gbl_kvpool *p, uint64_t key, int32_t *end) {
    int32_t node = gbl_map_get(p->inside, key);
    if (node >= 0) *end = end_of(p, node, key);
    return node;
}

/* Room for `most` pieces a node: the first prompt whose ids are finer than those before spreads the table. */
static int spread(gbl_kvpool *p, size_t most) {
    size_t nodes = p->ids;
    gbl_kvpiece *wide = gbl_alloc(nodes * most, sizeof *wide);
    if (!wide) return -1;
    for (size_t i = 0; p->piece && i < nodes; i++) memcpy(wide + i * most, p->piece + i * p->pieces, p->pieces * sizeof *wide);
    gbl_free(p->piece);
    p->piece = wide;
    p->pieces = most;
    return 0;
}

int gbl_kvpool_describe(gbl_kvpool *p, int32_t node, const gbl_kvpiece *piece, size_t n) {
    int32_t end;
    if (n > p->pieces && spread(p, n)) return -1;
    gbl_kvpiece *mine = p->piece + (size_t)node * p->pieces;
    memset(mine, 0, p->pieces * sizeof *mine);
    memcpy(mine, piece, n * sizeof *mine);
    for (size_t i = 0; i < n; i++) {
        int32_t other = gbl_kvpool_inside(p, piece[i].key, &end);
        if (other >= 0 && end >= piece[i].end) continue;
        if (gbl_map_put(p->inside, piece[i].key, node)) return -1;
    }
    return 0;
}

void gbl_kvpool_forget_pieces(gbl_kvpool *p, int32_t node) {
    gbl_kvpiece *mine = p->pieces ? p->piece + (size_t)node * p->pieces : NULL;
    for (size_t i = 0; i < p->pieces && mine[i].key; i++) {
        if (gbl_map_get(p->inside, mine[i].key) == node) gbl_map_remove(p->inside, mine[i].key);
        mine[i] = (gbl_kvpiece){0};
    }
}
