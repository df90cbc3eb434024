#include "sim/evictor.h"

#include <stdalign.h>
#include <string.h>

#include "base/random.h"

struct gbl_lent {
    struct gbl_lent *next;
    alignas(max_align_t) char bytes[];
};

static void *lend(const gbl_host *h, size_t bytes) {
    gbl_evictor *e = h->pool;
    struct gbl_lent *l = bytes < SIZE_MAX / 2 ? gbl_alloc(1, sizeof *l + bytes) : NULL;
    if (!l) {
        e->no_memory = 1;
        return NULL;
    }
    l->next = e->lent;
    e->lent = l;
    return l->bytes;
}

static void forget(const gbl_host *h, int32_t block) {
    const gbl_evictor *e = h->pool;
    e->forget(e->owner, block);
}

static double draw(const gbl_host *h, uint32_t stream, uint64_t entity, uint64_t k) {
    const uint64_t *seed = h->engine;
    return gbl_draw(*seed, GBL_STREAM_POLICY + stream, entity, k);
}

int gbl_evictor_init(gbl_evictor *e, const gbl_evictor_spec *spec, gbl_err *err) {
    const gbl_policy *head = spec->choice->policy;
    size_t ids = spec->ids ? (size_t)spec->ids : 1, block = head->block_size ? head->block_size : 1;
    *e = (gbl_evictor){.p = (const void *)head, .blind = (head->flags & GBL_EVICT_BLIND) != 0, .owner = spec->owner, .forget = spec->forget};
    if (spec->host) e->host = *spec->host;
    else e->host = (gbl_host){.engine = spec->seed, .draw = draw};
    e->host.size = sizeof e->host;
    e->host.pool = e;
    e->host.accesses = spec->accesses;
    e->host.memory = lend;
    e->host.forget = forget;
    e->state = gbl_alloc(1, head->state_size ? head->state_size : 1);
    e->blocks = gbl_alloc(ids, block);
    if (e->state && e->blocks) {
        if (head->state_size && spec->choice->config) memcpy(e->state, spec->choice->config, head->state_size);
        if (e->p->init) e->p->init(e->state, &e->host, spec->capacity, spec->ids, e->blocks);
        if (!e->no_memory) return 0;
    }
    gbl_evictor_fini(e);
    return gbl_nomem(err, ids * block);
}

void gbl_evictor_fini(gbl_evictor *e) {
    while (e->lent) {
        struct gbl_lent *l = e->lent;
        e->lent = l->next;
        gbl_free(l);
    }
    gbl_free(e->state);
    gbl_free(e->blocks);
    *e = (gbl_evictor){0};
}
