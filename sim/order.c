#include "sim/order.h"

#include <string.h>

int gbl_order_init(gbl_order *o, gbl_err *err) {
    *o = (gbl_order){.dense = gbl_map_new(1024)};
    return o->dense ? 0 : gbl_nomem(err, 1024);
}

void gbl_order_fini(gbl_order *o) {
    gbl_map_free(o->dense);
    gbl_chains_fini(&o->chains);
    *o = (gbl_order){0};
}

int gbl_order_begin(gbl_order *o, int64_t now_ns, int32_t uncounted) {
    gbl_chains *c = &o->chains;
    if (gbl_grow(&c->one, &c->one_room, c->n_one + 1, sizeof *c->one)) return -1;
    c->one[c->n_one++] = (gbl_chain){.session = -1, .arrival_ns = now_ns, .first = c->n, .uncounted = uncounted};
    return 0;
}

int gbl_order_use(gbl_order *o, uint64_t key) {
    gbl_chains *c = &o->chains;
    int32_t id = gbl_map_get(o->dense, key);
    if (c->n >= INT32_MAX - 1 || gbl_grow(&c->block, &c->room, c->n + 1, sizeof *c->block)) return -1;
    if (id < 0 && gbl_map_put(o->dense, key, id = c->n_ids++)) return -1;
    c->block[c->n++] = id;
    c->one[c->n_one - 1].n++;
    return 0;
}

static int replay(const gbl_order *o, int64_t capacity, const char *policy, int64_t *out, gbl_err *err) {
    gbl_arena *a = gbl_arena_new();
    gbl_doc *doc = NULL;
    gbl_choice belady;
    gbl_hits h = {0};
    int code = a ? gbl_doc_parse(&doc, "belady", policy, strlen(policy), err) : gbl_nomem(err, 64);
    if (!code) code = gbl_choice_bind(&belady, GBL_EVICT, gbl_doc_root(doc), NULL, a, err);
    if (!code) code = gbl_hits_replay(&h, &o->chains, &belady, capacity, 0, err);
    *out = h.hit_blocks;
    gbl_doc_free(doc);
    if (a) gbl_arena_free(a);
    return code;
}

int gbl_order_belady(const gbl_order *o, int64_t capacity, int64_t *bypass, int64_t *keeping, gbl_err *err) {
    *bypass = *keeping = 0;
    if (!o->chains.n) return 0;
    int code = replay(o, capacity, "{\"use\":\"belady\"}", bypass, err);
    return code ? code : replay(o, capacity, "{\"use\":\"belady\",\"bypass\":false}", keeping, err);
}
