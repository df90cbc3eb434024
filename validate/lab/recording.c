/* recording.c - see recording.h. */
#include "validate/lab/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

enum { FP32, FP16, BF16 };
enum { HEAD_BYTES = 64, VERSION = 1 };
static const double row_slack = 0.02; /* half precision: thousands of weights, each off by up to 2^-11 of itself or 2^-25 */

typedef struct head {
    uint32_t version, bytes, layers, heads, kv_heads, dims, tokens, rows, format, prompt, needles, model_layers, text, zero;
} head;

typedef struct recording {
    gbl_attention base;
    const char *path;
    const uint8_t *map;
    size_t size;
    head h;
    uint32_t *window;   /* of each layer taken in */
    uint64_t *at;       /* where the layer's data begin, bytes */
    uint64_t *row_at;   /* where each row of a head begins, in numbers, and where the last ends; in layers of window `laid` */
    uint32_t laid;
    int *layer;
    uint32_t *rows;
    gbl_needle *needles;
} recording;

static uint32_t read_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int bad(const recording *r, uint64_t byte, gbl_err *err, const char *what)
{
    gbl_fail(err, GBL_EINPUT, "%s", what);
    gbl_where(err, "%s, byte %llu", r->path, (unsigned long long)byte);
    return GBL_EINPUT;
}

/* ---------------------------------------------------------------- opening ---- */

static int map_file(recording *r, gbl_err *err)
{
    struct stat st;
    int fd = open(r->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        int why = errno;
        if (fd >= 0) close(fd);
        gbl_fail(err, GBL_EINPUT, "cannot open %s: %s", r->path, strerror(why));
        return gbl_expected(err, "a recording of attention, as validate/record_attention.py writes it");
    }
    r->size = S_ISREG(st.st_mode) && st.st_size > 0 ? (size_t)st.st_size : 0;
    void *map = r->size >= HEAD_BYTES ? mmap(NULL, r->size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    if (map != MAP_FAILED) r->map = map;
    if (r->map && memcmp(r->map, "GBLATTN", 8) == 0) return GBL_OK;
    gbl_fail(err, GBL_EINPUT, "%s is no recording of attention", r->path);
    return gbl_expected(err, "a file that begins with GBLATTN, as validate/record_attention.py writes it");
}

static int check_head(const recording *r, gbl_err *err)
{
    const head *h = &r->h;
    if (h->version != VERSION) {
        gbl_fail(err, GBL_EINPUT, "a recording of version %u", h->version);
        gbl_where(err, "%s, byte 8", r->path);
        return gbl_expected(err, "version %d", VERSION);
    }
    uint64_t table = (uint64_t)h->layers * 8 + (uint64_t)h->rows * 4 + (uint64_t)h->needles * 12 + h->text;
    if (h->layers < 1 || h->layers > GBL_RECORDING_LAYERS || h->model_layers < h->layers || h->model_layers > GBL_RECORDING_LAYERS) return bad(r, 16, err, "a count of layers that cannot be");
    if (h->kv_heads < 1 || h->heads < 1 || h->heads > GBL_RECORDING_HEADS || h->heads % h->kv_heads) return bad(r, 20, err, "heads that are no multiple of the KV heads");
    if (h->dims > GBL_RECORDING_DIMS) return bad(r, 28, err, "keys of more dimensions than there are");
    if (h->tokens < 2 || h->tokens > GBL_RECORDING_TOKENS) return bad(r, 32, err, "a count of tokens that cannot be");
    if (h->rows < 1 || h->rows > h->tokens) return bad(r, 36, err, "a count of rows that cannot be");
    if (h->format > BF16) return bad(r, 40, err, "a number format that is none of 0 (fp32), 1 (fp16), 2 (bf16)");
    if (h->prompt < 1 || h->prompt >= h->tokens) return bad(r, 44, err, "a prompt that leaves no token to generate, or none to read");
    if (h->needles > h->tokens || h->text > 65536 || h->zero) return bad(r, 48, err, "needles or text that cannot be");
    if (h->bytes % 64 || h->bytes < HEAD_BYTES + table || h->bytes > r->size) return bad(r, 12, err, "a header of another size than its tables");
    return GBL_OK;
}

static int width(const recording *r)
{
    return r->h.format == FP32 ? 4 : 2;
}

/* Lays out the rows of a head in layers of that window; returns their numbers. */
static uint64_t lay(recording *r, uint32_t window)
{
    if (r->laid == window && r->row_at[r->h.rows]) return r->row_at[r->h.rows];
    uint64_t n = 0;
    for (uint32_t i = 0; i < r->h.rows; i++) {
        r->row_at[i] = n;
        n += window && r->rows[i] >= window ? window : (uint64_t)r->rows[i] + 1;
    }
    r->laid = window;
    return r->row_at[r->h.rows] = n;
}

static int read_rows(recording *r, const uint8_t *p, gbl_err *err)
{
    uint32_t generated = 0;
    for (uint32_t i = 0; i < r->h.rows; i++, p += 4) {
        uint32_t q = read_u32(p);
        if (q >= r->h.tokens || (i && q <= r->rows[i - 1])) return bad(r, (uint64_t)(p - r->map), err, "a row of a query that does not ascend, or is beyond the tokens");
        r->rows[i] = q;
        generated += q >= r->h.prompt;
    }
    if (generated != r->h.tokens - r->h.prompt) return bad(r, 36, err, "a generated token without its row");
    if (generated == r->h.rows) return bad(r, 36, err, "no row of the prompt");
    return GBL_OK;
}

static int read_needles(recording *r, const uint8_t *p, gbl_err *err)
{
    for (uint32_t i = 0; i < r->h.needles; i++, p += 12) {
        gbl_needle n = {read_u32(p), read_u32(p + 4), read_u32(p + 8)};
        if (n.query < r->h.prompt || n.query >= r->h.tokens || n.count < 1 || n.count > n.query || n.first > n.query - n.count)
            return bad(r, (uint64_t)(p - r->map), err, "a needle that is not asked for by a generated token, or not said before");
        r->needles[i] = n;
    }
    return GBL_OK;
}

/* Walks over the layers, notes where those taken in begin, and checks that the file ends with the last. */
static int read_layers(recording *r, int all, gbl_err *err)
{
    const uint8_t *p = r->map + HEAD_BYTES;
    uint64_t at = r->h.bytes, keys = (uint64_t)r->h.kv_heads * r->h.tokens * r->h.dims;
    uint32_t whole = 0;
    for (uint32_t i = 0; i < r->h.layers; i++) whole += read_u32(p + 8 * i + 4) == 0;
    for (uint32_t i = 0; i < r->h.layers; i++) {
        uint32_t number = read_u32(p + 8 * i), window = read_u32(p + 8 * i + 4), before = i ? read_u32(p + 8 * i - 8) : 0;
        if (number >= r->h.model_layers || (i && number <= before)) return bad(r, HEAD_BYTES + 8 * i, err, "layers that do not ascend, or are beyond the model's");
        if (all || !whole || !window) {
            int to = r->base.layers++;
            r->layer[to] = (int)number;
            r->window[to] = window;
            r->at[to] = at;
        }
        at += (keys + r->h.heads * lay(r, window)) * (uint64_t)width(r);
        if (at > r->size) break;
    }
    if (at == r->size) return GBL_OK;
    gbl_fail(err, GBL_EINPUT, "a recording of %llu bytes", (unsigned long long)r->size);
    gbl_where(err, "%s", r->path);
    return gbl_expected(err, at > r->size ? "more, as its header says: it was cut" : "%llu, as its header says", (unsigned long long)at);
}

static int is_text(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        int len = gbl_utf8(s + i, n - i, NULL);
        if (!len || ((unsigned char)s[i] < 32 && s[i] != '\n')) return 0;
        i += (size_t)len;
    }
    return 1;
}

static int read_text(recording *r, const uint8_t *p, gbl_err *err)
{
    const char *text = (const char *)p;
    if (!is_text(text, r->h.text)) return bad(r, (uint64_t)(p - r->map), err, "a name that is no text");
    uint32_t n = r->h.text > 120 ? 120 : r->h.text;
    while (n > 0 && n < r->h.text && (text[n] & 0xC0) == 0x80) n--; /* whole characters */
    snprintf(r->base.label, sizeof r->base.label, "recorded: %.*s", (int)n, text);
    for (char *c = r->base.label; *c; c++)
        if (*c == '\n') *c = c[1] ? ';' : 0;
    return GBL_OK;
}

static int allocate(recording *r, gbl_err *err)
{
    r->window = gbl_alloc(r->h.layers, sizeof *r->window);
    r->at = gbl_alloc(r->h.layers, sizeof *r->at);
    r->layer = gbl_alloc(r->h.layers, sizeof *r->layer);
    r->rows = gbl_alloc(r->h.rows, sizeof *r->rows);
    r->row_at = gbl_alloc((size_t)r->h.rows + 1, sizeof *r->row_at);
    r->needles = gbl_alloc(r->h.needles ? r->h.needles : 1, sizeof *r->needles);
    return r->window && r->at && r->layer && r->rows && r->row_at && r->needles ? GBL_OK : gbl_nomem(err, r->h.rows * 12);
}

static int read_all(recording *r, int all, gbl_err *err)
{
    uint32_t word[14];
    if (map_file(r, err)) return err->code;
    for (int i = 0; i < 14; i++) word[i] = read_u32(r->map + 8 + 4 * i);
    memcpy(&r->h, word, sizeof r->h);
    if (check_head(r, err) || allocate(r, err)) return err->code;
    const uint8_t *rows = r->map + HEAD_BYTES + 8 * r->h.layers, *needles = rows + 4 * r->h.rows;
    if (read_rows(r, rows, err) || read_needles(r, needles, err) || read_text(r, needles + 12 * r->h.needles, err) || read_layers(r, all, err)) return err->code;
    return GBL_OK;
}

/* ---------------------------------------------------------------- reading ---- */

/* Moving the bits into a float's places and scaling by the difference of the biases is exact, subnormals included. */
static float widen_half(uint16_t v)
{
    uint32_t bits = (uint32_t)(v & 0x7fff) << 13;
    float x;
    memcpy(&x, &bits, sizeof x);
    x *= 0x1p112f;
    return (v & 0x7c00) == 0x7c00 ? NAN : v & 0x8000 ? -x : x;
}

static void read_numbers(const recording *r, uint64_t at, int64_t n, float *out)
{
    const uint8_t *p = r->map + at;
    for (int64_t i = 0; i < n; i++) {
        if (r->h.format == FP16) {
            out[i] = widen_half((uint16_t)(p[2 * i] | p[2 * i + 1] << 8));
            continue;
        }
        uint32_t bits = r->h.format == FP32 ? read_u32(p + 4 * i) : (uint32_t)(p[2 * i] | p[2 * i + 1] << 8) << 16;
        memcpy(&out[i], &bits, sizeof bits);
    }
}

static int64_t find_row(const recording *r, int64_t t)
{
    int64_t low = 0, high = r->h.rows;
    while (low < high) {
        int64_t mid = low + (high - low) / 2;
        if (r->rows[mid] < t) low = mid + 1;
        else high = mid;
    }
    return low;
}

static int row(gbl_attention *a, int layer, int head_of, int64_t t, float *out, gbl_err *err)
{
    recording *r = (recording *)a;
    uint32_t window = r->window[layer];
    int64_t i = find_row(r, t), keys = window && t + 1 > window ? window : t + 1;
    uint64_t one = lay(r, window), begin = r->row_at[i];
    uint64_t number = (uint64_t)r->h.kv_heads * r->h.tokens * r->h.dims + (uint64_t)head_of * one + begin;
    uint64_t at = r->at[layer] + number * (uint64_t)width(r);
    double sum = 0;
    memset(out, 0, (size_t)(t + 1 - keys) * sizeof *out);
    out += t + 1 - keys;
    read_numbers(r, at, keys, out);
    for (int64_t k = 0; k < keys; k++) {
        if (!(out[k] >= 0)) return bad(r, at + (uint64_t)(k * width(r)), err, "an attention weight that is negative or no number");
        sum += out[k];
    }
    if (!(fabs(sum - 1) <= row_slack)) return bad(r, at, err, "attention weights of a row that do not sum to 1");
    for (int64_t k = 0; k < keys; k++) out[k] = (float)(out[k] / sum);
    return GBL_OK;
}

static int keys(gbl_attention *a, int layer, int kv_head, float *out, gbl_err *err)
{
    recording *r = (recording *)a;
    uint64_t at = r->at[layer] + (uint64_t)kv_head * r->h.tokens * r->h.dims * (uint64_t)width(r);
    for (int64_t t = 0; t < a->tokens; t++, out += r->h.dims, at += r->h.dims * (uint64_t)width(r)) {
        double square = 0;
        read_numbers(r, at, r->h.dims, out);
        for (uint32_t d = 0; d < r->h.dims; d++) square += (double)out[d] * out[d];
        if (!isfinite(square)) return bad(r, at, err, "a key that is no number");
        for (uint32_t d = 0; d < r->h.dims; d++) out[d] = square > 0 ? (float)(out[d] / sqrt(square)) : 0;
    }
    return GBL_OK;
}

static void close_recording(gbl_attention *a)
{
    recording *r = (recording *)a;
    if (r->map) munmap((void *)(uintptr_t)r->map, r->size);
    gbl_free(r->window);
    gbl_free(r->at);
    gbl_free(r->layer);
    gbl_free(r->rows);
    gbl_free(r->row_at);
    gbl_free(r->needles);
    gbl_free(r);
}

int gbl_recording_open(gbl_attention **out, const char *path, int all, gbl_err *err)
{
    *out = NULL;
    recording *r = gbl_alloc(1, sizeof *r);
    if (!r) return gbl_nomem(err, sizeof *r);
    r->path = path;
    if (read_all(r, all, err)) {
        close_recording(&r->base);
        return err->code;
    }
    gbl_attention *a = &r->base;
    a->heads = (int)r->h.heads;
    a->kv_heads = (int)r->h.kv_heads;
    a->model_layers = (int)r->h.model_layers;
    a->layer = r->layer;
    a->tokens = r->h.tokens;
    a->prompt = r->h.prompt;
    a->rows = r->rows;
    a->n_rows = r->h.rows;
    a->needles = r->needles;
    a->n_needles = r->h.needles;
    a->key_dims = (int)r->h.dims;
    a->row = row;
    a->keys = keys;
    a->close = close_recording;
    *out = a;
    return GBL_OK;
}
