/* heap.c - the event queue. A 4-ary heap of 24-byte entries keeps a node's children within two cache lines; the order
 * (time, class, sequence) is packed into 128 bits, so one comparison decides and ties cannot exist. Events lie aside in
 * slots that know their place in the heap. A handle is a slot with its generation: after a pop or a cancel the slot
 * bears the next generation, so that a stale handle is caught (until 128 more uses of the slot). */
#include "base/heap.h"

#include <assert.h>
#include <stddef.h>

#include "base/mem.h"

enum { SLOT_BITS = 24, SLOTS_MOST = 1 << SLOT_BITS, CLASS_BITS = 16, SEQUENCE_BITS = 48, FREE = -1 };

typedef struct entry {
    uint64_t time;  /* shifted to unsigned order */
    uint64_t order; /* class above, sequence below */
    int32_t slot;
} entry;

typedef struct slot {
    gbl_event event;
    int32_t place; /* in the heap, or FREE */
    int32_t next;  /* free slot */
    uint32_t generation;
} slot;

struct gbl_heap {
    entry *entries;
    slot *slots;
    size_t entry_room, slot_room;
    int32_t n, n_slots, first_free;
    uint64_t sequence, popped;
};

gbl_heap *gbl_heap_new(void)
{
    gbl_heap *h = gbl_alloc(1, sizeof *h);
    if (h != NULL) h->first_free = -1;
    return h;
}

void gbl_heap_free(gbl_heap *h)
{
    if (h == NULL) return;
    gbl_free(h->entries);
    gbl_free(h->slots);
    gbl_free(h);
}

/* ---------------------------------------------------------------- order ---- */

static inline unsigned __int128 rank(const entry *e)
{
    return (unsigned __int128)e->time << 64 | e->order;
}

static entry make_entry(gbl_heap *h, const gbl_event *e, int32_t at_slot)
{
    assert(e->cls < 1u << CLASS_BITS && h->sequence < UINT64_C(1) << SEQUENCE_BITS);
    return (entry){.time = (uint64_t)e->time_ns ^ UINT64_C(1) << 63, .order = (uint64_t)e->cls << SEQUENCE_BITS | h->sequence++, .slot = at_slot};
}

static inline void put(gbl_heap *h, int32_t place, entry e)
{
    h->entries[place] = e;
    h->slots[e.slot].place = place;
}

/* Moves e up from the hole at `place` to where it belongs. */
static void sift_up(gbl_heap *h, int32_t place, entry e)
{
    while (place > 0) {
        int32_t parent = (place - 1) / 4;
        if (rank(&h->entries[parent]) < rank(&e)) break;
        put(h, place, h->entries[parent]);
        place = parent;
    }
    put(h, place, e);
}

static inline int32_t least_of_four(const entry *entries, int32_t c)
{
    int32_t a = c + (rank(&entries[c + 1]) < rank(&entries[c]));
    int32_t b = c + 2 + (rank(&entries[c + 3]) < rank(&entries[c + 2]));
    return rank(&entries[b]) < rank(&entries[a]) ? b : a;
}

/* Fills the hole at `place` with e, moving lesser children up. */
static void sift_down(gbl_heap *h, int32_t place, entry e)
{
    const entry *entries = h->entries;
    int32_t child;
    while ((child = 4 * place + 1) + 3 < h->n) {
        child = least_of_four(entries, child);
        if (rank(&e) < rank(&entries[child])) {
            put(h, place, e);
            return;
        }
        put(h, place, entries[child]);
        place = child;
    }
    if (child < h->n) { /* the last node with fewer than four */
        for (int32_t k = child + 1; k < h->n; k++)
            if (rank(&entries[k]) < rank(&entries[child])) child = k;
        if (rank(&entries[child]) < rank(&e)) {
            put(h, place, entries[child]);
            place = child;
        }
    }
    put(h, place, e);
}

/* Takes the entry at `place` out; the last one fills the hole. */
static void remove_at(gbl_heap *h, int32_t place)
{
    entry last = h->entries[--h->n];
    if (place == h->n) return;
    if (place > 0 && rank(&last) < rank(&h->entries[(place - 1) / 4])) sift_up(h, place, last);
    else sift_down(h, place, last);
}

/* ---------------------------------------------------------------- slots ---- */

static int32_t handle_of(const gbl_heap *h, int32_t i)
{
    return (int32_t)((h->slots[i].generation & 127) << SLOT_BITS | (uint32_t)i);
}

static int32_t slot_of(const gbl_heap *h, int32_t handle)
{
    int32_t i = handle & (SLOTS_MOST - 1);
    assert(handle >= 0 && i < h->n_slots && h->slots[i].place != FREE && handle_of(h, i) == handle && "a stale handle");
    return i;
}

static int32_t take_slot(gbl_heap *h)
{
    int32_t i = h->first_free;
    if (i >= 0) {
        h->first_free = h->slots[i].next;
        return i;
    }
    if (h->n_slots == SLOTS_MOST || gbl_grow(&h->slots, &h->slot_room, (size_t)h->n_slots + 1, sizeof *h->slots) != 0) return -1;
    h->slots[h->n_slots] = (slot){.place = FREE};
    return h->n_slots++;
}

static void give_slot(gbl_heap *h, int32_t i)
{
    h->slots[i].place = FREE;
    h->slots[i].generation++;
    h->slots[i].next = h->first_free;
    h->first_free = i;
}

/* ---------------------------------------------------------------- calls ---- */

int32_t gbl_heap_push(gbl_heap *h, gbl_event e)
{
    if (gbl_grow(&h->entries, &h->entry_room, (size_t)h->n + 1, sizeof *h->entries) != 0) return -1;
    int32_t i = take_slot(h);
    if (i < 0) return -1;
    h->slots[i].event = e;
    sift_up(h, h->n++, make_entry(h, &e, i));
    return handle_of(h, i);
}

const gbl_event *gbl_heap_peek(const gbl_heap *h)
{
    return h->n == 0 ? NULL : &h->slots[h->entries[0].slot].event;
}

int gbl_heap_pop(gbl_heap *h, gbl_event *out)
{
    if (h->n == 0) return 0;
    int32_t i = h->entries[0].slot;
    *out = h->slots[i].event;
    give_slot(h, i);
    entry last = h->entries[--h->n];
    if (h->n > 0) sift_down(h, 0, last);
    h->popped++;
    return 1;
}

void gbl_heap_cancel(gbl_heap *h, int32_t handle)
{
    int32_t i = slot_of(h, handle), place = h->slots[i].place;
    give_slot(h, i);
    remove_at(h, place);
}

void gbl_heap_move(gbl_heap *h, int32_t handle, int64_t time_ns)
{
    int32_t i = slot_of(h, handle), place = h->slots[i].place;
    h->slots[i].event.time_ns = time_ns;
    entry e = make_entry(h, &h->slots[i].event, i);
    if (place > 0 && rank(&e) < rank(&h->entries[(place - 1) / 4])) sift_up(h, place, e);
    else sift_down(h, place, e);
}

int64_t gbl_heap_size(const gbl_heap *h)
{
    return h->n;
}

uint64_t gbl_heap_count(const gbl_heap *h)
{
    return h->popped;
}
