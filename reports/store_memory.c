/* store_memory.c - SQLite's memory through base/mem.h, so that what it was refused is counted (and can be refused by a test):
 * a bound text that found no room becomes NULL without a word, and only the count at the commit tells. */
#include <sqlite3.h>
#include <string.h>
#include "base/mem.h"
#include "reports/store.h"

/* Each piece is led by its size, which SQLite asks for; eight bytes keep the alignment that it asks for. */
typedef union head {
    sqlite3_int64 size;
    double align;
} head;

static void *grow(void *p, int size)
{
    head *h = gbl_resize(p ? (head *)p - 1 : NULL, sizeof(head) + (size_t)size, 1);
    if (!h) return NULL;
    h->size = size;
    return h + 1;
}

static void *take(int size)
{
    return grow(NULL, size);
}

static void drop(void *p)
{
    if (p) gbl_free((head *)p - 1);
}

static int size_of(void *p)
{
    return p ? (int)((head *)p - 1)->size : 0;
}

static int round_up(int size)
{
    return (size + 7) & ~7;
}

static int start(void *unused)
{
    (void)unused;
    return SQLITE_OK;
}

static void stop(void *unused)
{
    (void)unused;
}

void gbl_store_memory(void)
{
    static const sqlite3_mem_methods ours = {take, drop, grow, size_of, round_up, start, stop, NULL};
    sqlite3_config(SQLITE_CONFIG_MALLOC, &ours); /* refused once SQLite runs: it then keeps what it has */
}
