/* map.c - linear probing in a table of a power of two that is never more than half full. Removal shifts later entries
 * of the run back (Knuth, TAOCP 6.4, algorithm R), so there are no tombstones and look-ups stay short for ever. */
#include "base/map.h"

#include <assert.h>

#include "base/mem.h"

typedef struct entry {
    uint64_t key;
    int32_t value; /* -1: empty */
} entry;

struct gbl_map {
    entry *table;
    uint64_t mask;
    int64_t size;
};

/* Murmur3's finalizer: neighbours, multiples and pointers all spread over the table. */
static uint64_t spread(uint64_t k)
{
    k = (k ^ k >> 33) * 0xFF51AFD7ED558CCDu;
    k = (k ^ k >> 33) * 0xC4CEB9FE1A85EC53u;
    return k ^ k >> 33;
}

static entry *new_table(uint64_t slots)
{
    entry *t = gbl_alloc(slots, sizeof *t);
    if (t == NULL) return NULL;
    for (uint64_t i = 0; i < slots; i++) t[i].value = -1;
    return t;
}

gbl_map *gbl_map_new(int64_t expected)
{
    uint64_t slots = 16;
    assert(expected >= 0);
    while (slots / 2 < (uint64_t)expected) slots *= 2;
    gbl_map *m = gbl_alloc(1, sizeof *m);
    if (m == NULL) return NULL;
    m->table = new_table(slots);
    m->mask = slots - 1;
    if (m->table != NULL) return m;
    gbl_free(m);
    return NULL;
}

void gbl_map_free(gbl_map *m)
{
    if (m == NULL) return;
    gbl_free(m->table);
    gbl_free(m);
}

/* The entry of key, or the empty one where it would go. */
static entry *find(const gbl_map *m, uint64_t key)
{
    uint64_t i = spread(key) & m->mask;
    while (m->table[i].value >= 0 && m->table[i].key != key) i = (i + 1) & m->mask;
    return &m->table[i];
}

int32_t gbl_map_get(const gbl_map *m, uint64_t key)
{
    return find(m, key)->value;
}

static int grow(gbl_map *m)
{
    entry *old = m->table;
    uint64_t slots = m->mask + 1;
    entry *table = slots <= UINT64_MAX / 4 / sizeof *table ? new_table(2 * slots) : NULL;
    if (table == NULL) return -1;
    m->table = table;
    m->mask = 2 * slots - 1;
    for (uint64_t i = 0; i < slots; i++)
        if (old[i].value >= 0) *find(m, old[i].key) = old[i];
    gbl_free(old);
    return 0;
}

int gbl_map_put(gbl_map *m, uint64_t key, int32_t value)
{
    assert(value >= 0);
    entry *e = find(m, key);
    if (e->value < 0) {
        if ((uint64_t)m->size >= (m->mask + 1) / 2) {
            if (grow(m) != 0) return -1;
            e = find(m, key);
        }
        e->key = key;
        m->size++;
    }
    e->value = value;
    return 0;
}

void gbl_map_remove(gbl_map *m, uint64_t key)
{
    entry *hole = find(m, key);
    if (hole->value < 0) return;
    uint64_t at = (uint64_t)(hole - m->table);
    for (uint64_t i = (at + 1) & m->mask; m->table[i].value >= 0; i = (i + 1) & m->mask) {
        uint64_t home = spread(m->table[i].key) & m->mask;
        if (((i - home) & m->mask) < ((i - at) & m->mask)) continue; /* its home lies behind the hole: it may not pass it */
        m->table[at] = m->table[i];
        at = i;
    }
    m->table[at].value = -1;
    m->size--;
}

int64_t gbl_map_size(const gbl_map *m)
{
    return m->size;
}
