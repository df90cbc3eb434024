/* recording.h - recorded attention as a file, mapped into memory. All numbers are little endian.
 *
 *   0  char[8]  "GBLATTN" and a zero byte
 *   8  u32[14]  version (1), header bytes (a multiple of 64), layers, heads, KV heads, key dims (0: no keys), tokens, rows,
 *               number format (0 fp32, 1 fp16, 2 bf16), prompt tokens, needles, layers of the whole model, bytes of text, 0
 *  64  u32[2]   a layer: its number in the model, its window (0: none, it sees all tokens before)
 *      u32      a row: its query, ascending; of the queries from the prompt's end on, all
 *      u32[3]   a needle: query, first token, count of tokens; before the query
 *      char     text, UTF-8: the model's name and what was read, a line each; zeros up to the header's end
 *      data     a layer: keys (KV heads x tokens x dims, as the cache holds them), then for each head the rows, one behind the
 *               other, each with the weights of keys 0..query, of a layer with a window of the last `window` of them
 *
 * The file ends with the data. Sizes and order are checked on opening, numbers when their row is read: weights are finite, not
 * negative, and sum to 1 +- 0.02. The file must not shrink while it is mapped. */
#ifndef GBL_RECORDING_H
#define GBL_RECORDING_H
#include "validate/lab/attention.h"

enum { GBL_RECORDING_TOKENS = 1 << 20, GBL_RECORDING_LAYERS = 1024, GBL_RECORDING_HEADS = 1024, GBL_RECORDING_DIMS = 4096 };

/* Layers with a window are left out where others are there: what they hold is bounded without any method. `all` takes them in. */
int gbl_recording_open(gbl_attention **out, const char *path, int all, gbl_err *err);

#endif
