/* mem.h - allocation. Every allocation of the house goes through gbl_alloc and gbl_resize, so that a test can make
 * the nth one fail. Sizes are checked products. */
#ifndef GBL_MEM_H
#define GBL_MEM_H
#include <stddef.h>

void *gbl_alloc(size_t n, size_t size);           /* zeroed; NULL when out of memory or on overflow */
void *gbl_resize(void *p, size_t n, size_t size); /* realloc; new bytes undefined; NULL leaves p alone */
void gbl_free(void *p);
void gbl_alloc_fail_at(long n); /* test hook: the nth allocation from now fails (0 = never) */
long gbl_alloc_count(void);     /* allocations since the last gbl_alloc_fail_at */
long gbl_alloc_refused(void);   /* answered with NULL, in all: a program that then succeeded may have lost something on the way */

/* Arena: many small pieces freed at once. */
typedef struct gbl_arena gbl_arena;
gbl_arena *gbl_arena_new(void);
void gbl_arena_free(gbl_arena *a);
void *gbl_arena_take(gbl_arena *a, size_t size);                        /* zeroed, 16-byte aligned; NULL: no memory */
char *gbl_arena_text(gbl_arena *a, const char *text);                   /* a copy */
char *gbl_arena_textn(gbl_arena *a, const char *text, size_t n);
char *gbl_arena_printf(gbl_arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Growing array: keeps `*items` of `*room` elements able to hold `need`; 0, or -1 without memory. */
int gbl_grow(void *items, size_t *room, size_t need, size_t size);

#endif
