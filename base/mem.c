/* mem.c - allocation with checked sizes, a failure hook for tests, and arenas.
 *
 * The hook's counters are the house's only state outside objects: passing an allocator through every call would
 * cost every signature of the tree to serve one kind of test. They are plain atomics (relaxed), so threads that
 * allocate at once do not race; the cost is one uncontended add beside a malloc. */
#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_long alloc_count;   /* since the hook was set */
static atomic_long alloc_fail_at; /* 0 = never */
static atomic_long alloc_refused; /* in all */

/* Counts one allocation; 1 where the hook wants it to fail. */
static int refused(void)
{
    long n = atomic_fetch_add_explicit(&alloc_count, 1, memory_order_relaxed) + 1;
    return n == atomic_load_explicit(&alloc_fail_at, memory_order_relaxed);
}

void gbl_alloc_fail_at(long n)
{
    assert(n >= 0);
    atomic_store(&alloc_count, 0);
    atomic_store(&alloc_fail_at, n);
}

long gbl_alloc_count(void)
{
    return atomic_load(&alloc_count);
}

long gbl_alloc_refused(void)
{
    return atomic_load(&alloc_refused);
}

static void *told(void *p)
{
    if (p == NULL) atomic_fetch_add(&alloc_refused, 1);
    return p;
}

/* malloc of 0 bytes may answer NULL, which here always means "no memory": so at least one byte. */
void *gbl_alloc(size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) || bytes > PTRDIFF_MAX || refused()) return told(NULL);
    return told(bytes == 0 ? calloc(1, 1) : calloc(n, size));
}

void *gbl_resize(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) || bytes > PTRDIFF_MAX || refused()) return told(NULL);
    return told(realloc(p, bytes == 0 ? 1 : bytes));
}

void gbl_free(void *p)
{
    free(p);
}

int gbl_grow(void *items, size_t *room, size_t need, size_t size)
{
    if (need <= *room) return 0;
    size_t wanted = *room < 8 ? 8 : *room;
    while (wanted < need)
        if (__builtin_mul_overflow(wanted, (size_t)2, &wanted)) return -1;
    void *old, *grown;
    memcpy(&old, items, sizeof old); /* the caller's pointer has another type: no cast of void ** */
    grown = gbl_resize(old, wanted, size);
    if (grown == NULL) return -1;
    memcpy(items, &grown, sizeof grown);
    *room = wanted;
    return 0;
}

/* ---------------------------------------------------------------- arena ---- */

enum { ARENA_ALIGN = 16, ARENA_FIRST = 4096, ARENA_MOST = 1 << 20 };

typedef struct chunk {
    struct chunk *next;
    size_t used, room;
    _Alignas(ARENA_ALIGN) char data[];
} chunk;

struct gbl_arena {
    chunk *chunks; /* the one being filled first */
    size_t next_room;
};

gbl_arena *gbl_arena_new(void)
{
    gbl_arena *a = gbl_alloc(1, sizeof *a);
    if (a != NULL) a->next_room = ARENA_FIRST;
    return a;
}

void gbl_arena_free(gbl_arena *a)
{
    if (a == NULL) return;
    for (chunk *c = a->chunks, *next; c != NULL; c = next) {
        next = c->next;
        gbl_free(c);
    }
    gbl_free(a);
}

/* Chunks double up to a megabyte. A piece larger than the next chunk gets one of its own behind the current one,
 * so that the room left in the current one is not lost. */
static chunk *add_chunk(gbl_arena *a, size_t size)
{
    int big = size > a->next_room / 2;
    size_t room = big ? size : a->next_room;
    if (room > SIZE_MAX - sizeof(chunk)) return NULL;
    chunk *c = gbl_alloc(1, sizeof(chunk) + room);
    if (c == NULL) return NULL;
    c->room = room;
    if (big && a->chunks != NULL) {
        c->next = a->chunks->next;
        a->chunks->next = c;
    } else {
        c->next = a->chunks;
        a->chunks = c;
    }
    if (!big && a->next_room < ARENA_MOST) a->next_room *= 2;
    return c;
}

void *gbl_arena_take(gbl_arena *a, size_t size)
{
    if (size > PTRDIFF_MAX - ARENA_ALIGN) return NULL;
    size_t need = size == 0 ? ARENA_ALIGN : (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    chunk *c = a->chunks;
    if (c == NULL || c->room - c->used < need) c = add_chunk(a, need);
    if (c == NULL) return NULL;
    void *p = c->data + c->used;
    c->used += need;
    return p; /* chunks come zeroed and nothing is ever given back */
}

char *gbl_arena_textn(gbl_arena *a, const char *text, size_t n)
{
    char *p = n < SIZE_MAX ? gbl_arena_take(a, n + 1) : NULL;
    if (p != NULL && n > 0) memcpy(p, text, n);
    return p;
}

char *gbl_arena_text(gbl_arena *a, const char *text)
{
    return gbl_arena_textn(a, text, strlen(text));
}

char *gbl_arena_printf(gbl_arena *a, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *p = n >= 0 ? gbl_arena_take(a, (size_t)n + 1) : NULL;
    if (p != NULL) vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}
