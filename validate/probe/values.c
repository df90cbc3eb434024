/* values.c - contents of buffers, and the round trip of a check; see values.h. */
#include "validate/probe/values.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "validate/probe/body.h"

/* Uniform in [0, 1), a function of buffer and place alone. */
static double draw(int at, size_t i)
{
    return (double)(gbl_mix64((uint64_t)at + 1, i) >> 11) * 0x1p-53;
}

static void fill_table(int32_t *to, int n)
{
    for (int i = 0; i < n; i++) {
        int j = (int)(draw(9, (size_t)i) * (i + 1));
        to[i] = to[j];
        to[j] = i;
    }
}

/* Of each `of` rows, `kept`: each as likely as the others. */
static void fill_mask(uint8_t *to, size_t n, int kept, int of)
{
    int wanted = 0;
    for (size_t i = 0; i < n; i++) {
        int left = of - (int)(i % (size_t)of);
        if (left == of) wanted = kept;
        to[i] = draw(8, i) * left < wanted;
        wanted -= to[i];
    }
}

static void fill_turn(float *to, size_t n, int d)
{
    for (size_t i = 0; i < n; i += 2) {
        size_t position = i / (size_t)d, pair = i % (size_t)d / 2;
        double angle = (double)position * pow(10000, -2.0 * (double)pair / d);
        to[i] = (float)cos(angle);
        to[i + 1] = (float)sin(angle);
    }
}

static void fill_numbers(enum gbl_fill fill, int at, void *out, size_t bytes)
{
    float *f = out;
    uint16_t *b = out;
    for (size_t i = 0; fill == GBL_FILL_BF16 && i < bytes / 2; i++) b[i] = gbl_float_bf16((float)(2 * draw(at, i) - 1));
    for (size_t i = 0; fill == GBL_FILL_WEIGHTS && i < bytes / 2; i++) b[i] = gbl_float_bf16((float)(2 * draw(at, i) - 1) / 16);
    for (size_t i = 0; fill == GBL_FILL_F32 && i < bytes / 4; i++) f[i] = (float)draw(at, i);
    for (size_t i = 0; fill == GBL_FILL_SCALES && i < bytes / 4; i++) f[i] = (float)((1 + draw(at, i)) / 100);
    for (size_t i = 0; fill == GBL_FILL_BYTES && i < bytes; i++) ((uint8_t *)out)[i] = (uint8_t)(draw(at, i) * 256);
}

/* Beyond its first 2 MiB a buffer repeats: times do not hang on values. */
enum { DRAWN = 2 << 20 };
void gbl_values_fill(const gbl_case *c, int at, void *out)
{
    const gbl_case_buffer *b = &c->buffer[at];
    switch (b->fill) {
    case GBL_FILL_ZERO: memset(out, 0, b->bytes); break;
    case GBL_FILL_TABLE: fill_table(out, b->range); break;
    case GBL_FILL_INDEX:
        for (size_t i = 0; i < b->bytes / 4; i++) ((int32_t *)out)[i] = (int32_t)(draw(at, i) * b->range);
        break;
    case GBL_FILL_MASK: fill_mask(out, b->bytes, b->range, b->of); break;
    case GBL_FILL_TURN: fill_turn(out, b->bytes / 4, b->range); break;
    default:
        fill_numbers(b->fill, at, out, b->bytes < DRAWN ? b->bytes : DRAWN);
        for (size_t i = DRAWN; i < b->bytes; i += DRAWN) memcpy((char *)out + i, out, b->bytes - i < DRAWN ? b->bytes - i : DRAWN);
    }
}

static int run_case(gbl_backend *b, const gbl_case *c, gbl_memory **memory, void **before, void **after, gbl_err *err)
{
    gbl_launch l = gbl_case_launch(c);
    double s;
    for (int i = 0; i < c->n_buffers; i++) {
        size_t bytes = c->buffer[i].bytes;
        before[i] = gbl_alloc(bytes ? bytes : 1, 1);
        after[i] = gbl_alloc(bytes ? bytes : 1, 1);
        if (!before[i] || !after[i]) return gbl_nomem(err, bytes);
        gbl_values_fill(c, i, before[i]);
        memory[i] = l.buffer[i] = gbl_memory_new(b, bytes, err);
        if (!memory[i] || gbl_memory_write(memory[i], before[i], bytes, err)) return err->code;
    }
    if (gbl_backend_run(b, &l, 1, &s, err)) return err->code;
    for (int i = 0; i < c->n_buffers; i++)
        if (gbl_memory_read(memory[i], after[i], c->buffer[i].bytes, err)) return err->code;
    return 0;
}

int gbl_values_check(gbl_backend *b, const gbl_case *c, double *worst, gbl_err *err)
{
    gbl_memory *memory[GBL_BUFFERS_MOST] = {NULL};
    void *before[GBL_BUFFERS_MOST] = {NULL}, *after[GBL_BUFFERS_MOST] = {NULL};
    int code = run_case(b, c, memory, before, after, err);
    if (!code) *worst = gbl_values_judge(c, before, after);
    for (int i = 0; i < c->n_buffers; i++) {
        gbl_memory_free(memory[i]);
        gbl_free(before[i]);
        gbl_free(after[i]);
    }
    return code;
}
