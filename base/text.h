/* text.h - names, numbers and paths as text. */
#ifndef GBL_TEXT_H
#define GBL_TEXT_H
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/mem.h"

/* The known name nearest to `name` (Damerau-Levenshtein, case folded, at most a third of it wrong); NULL for none. */
const char *gbl_near(const char *name, const char *const *known, size_t n);
int gbl_text_int(const char *s, size_t n, int64_t *out);   /* whole text, decimal, no blanks; 0 ok, -1 not */
int gbl_text_real(const char *s, size_t n, double *out);   /* whole text, finite, locale-free; 0 ok, -1 not */
/* A decimal number that is an exact integer, however written (12, 1.5e1, 2.0). 0 ok, -1 no integer, -2 beyond int64. */
int gbl_text_whole(const char *s, size_t n, int64_t *out);
/* Bytes of the well-formed UTF-8 sequence at s (1 to 4), at most n; 0 where there is none. *code may be NULL. */
int gbl_utf8(const char *s, size_t n, uint32_t *code);
/* 1234567 -> "1,234,567"; 12.3e9 -> "12.3 G" (SI, with unit). Return out. */
char *gbl_human_int(char *out, size_t size, int64_t v);
char *gbl_human_si(char *out, size_t size, double v, const char *unit);
char *gbl_human_bytes(char *out, size_t size, double bytes); /* GiB, MiB */
uint64_t gbl_hash64(const void *data, size_t n, uint64_t seed); /* xxHash64: content hashes, map keys */
/* The finalizer of splitmix64 (Steele, Lea and Flood, OOPSLA 2014): a bijection that spreads every bit. */
static inline uint64_t gbl_spread64(uint64_t x) {
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}
/* Chain hash: next key from parent key and id. For one parent a bijection of b, so siblings never collide. */
static inline uint64_t gbl_mix64(uint64_t a, uint64_t b) { return gbl_spread64(gbl_spread64(a + 0x9E3779B97F4A7C15u) + b * 0xD1B54A32D192ED03u); }
void gbl_hex64(char out[17], uint64_t v);

/* Finds a file of gable's own data ("models/cards/llm/x.json"): $GABLE_DATA, beside the source tree of the binary,
 * or its installed share folder. Returns a path in the arena, or NULL. */
const char *gbl_data_path(gbl_arena *a, const char *relative);
const char *gbl_data_root(gbl_arena *a);
/* A path inside a document: absolute as is; else beside the document, then in the current folder, then in the data
 * folder. Returns the first that exists, or the path as given. */
const char *gbl_find_path(gbl_arena *a, const char *folder, const char *path);
int gbl_file_hash(const char *path, uint64_t *out, gbl_err *err);
/* Names (without .json) of the files of a data folder, sorted; *n of them, in the arena. */
const char **gbl_data_list(gbl_arena *a, const char *relative, size_t *n);

#endif
