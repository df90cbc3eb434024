/* lines.c - bytes from a file, standard input or memory, through zlib or zstd where their magic says so, cut into
 * lines. The reader pulls blocks of 256 KiB; a line lies whole in one buffer that grows only for longer lines. */
#include "base/lines.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"

enum { BLOCK = 1 << 18, LINE_MOST = 64 << 20 };
enum packing { PLAIN, GZIP, ZSTD };

struct gbl_lines {
    char *name;
    int fd;           /* -1: memory */
    const char *text; /* borrowed, what is left of it */
    size_t text_left;
    enum packing packing;
    unsigned char *raw; /* packed bytes not yet consumed; a plain file's first bytes too */
    size_t raw_from, raw_to;
    int raw_end;   /* the file is read to its end */
    int open_part; /* inside a gzip member or zstd frame: the end of the file would be too early */
    int stream_on;
    z_stream gz;
    ZSTD_DCtx *zstd;
    char *buffer; /* lines; one byte of room is kept for the NUL of a last line without end */
    size_t from, to, room;
    int end;
    int64_t number, taken; /* taken: bytes read from the file */
};

static int fail_at(const gbl_lines *l, gbl_err *err, int64_t line, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static int fail_at(const gbl_lines *l, gbl_err *err, int64_t line, const char *fmt, ...)
{
    char what[sizeof err->what];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    gbl_fail(err, GBL_EINPUT, "%s", what);
    return line > 0 ? gbl_where(err, "%s:%lld", l->name, (long long)line) : gbl_where(err, "%s", l->name);
}

/* ---------------------------------------------------------------- bytes ---- */

/* Raw bytes of the source: > 0, 0 at the end, -1 error. */
static ptrdiff_t read_source(gbl_lines *l, void *out, size_t size, gbl_err *err)
{
    if (l->fd < 0) {
        size_t n = size < l->text_left ? size : l->text_left;
        if (n > 0) memcpy(out, l->text, n);
        l->text += n;
        l->text_left -= n;
        return (ptrdiff_t)n;
    }
    ssize_t n = read(l->fd, out, size);
    if (n >= 0) {
        l->taken += n;
        return n;
    }
    if (errno == EINTR) return gbl_fail(err, GBL_EINTERRUPT, "interrupted while reading"), gbl_where(err, "%s", l->name), -1;
    return fail_at(l, err, 0, "cannot read the file: %s", strerror(errno)), -1;
}

/* Refills the packed bytes when they are used up; -1 error. */
static int fill_raw(gbl_lines *l, gbl_err *err)
{
    if (l->raw_from < l->raw_to || l->raw_end) return 0;
    ptrdiff_t n = read_source(l, l->raw, BLOCK, err);
    if (n < 0) return -1;
    l->raw_from = 0;
    l->raw_to = (size_t)n;
    l->raw_end = n == 0;
    return 0;
}

static ptrdiff_t truncated(const gbl_lines *l, gbl_err *err)
{
    fail_at(l, err, 0, "truncated %s archive", l->packing == GZIP ? "gzip" : "zstd");
    gbl_expected(err, "a whole archive: it ends in the middle");
    return -1;
}

/* Behind a gzip member: another one, zeros (tapes pad with them) or the end. -1: something else. */
static int next_member(gbl_lines *l, gbl_err *err)
{
    for (;;) {
        if (fill_raw(l, err) != 0) return -1;
        if (l->raw_from == l->raw_to) return 0;
        if (l->raw[l->raw_from] != 0) break;
        l->raw_from++;
    }
    if (l->raw[l->raw_from] != 0x1f) {
        fail_at(l, err, 0, "bytes that are no gzip behind the end of a gzip archive");
        return -1;
    }
    inflateReset(&l->gz);
    l->open_part = 1;
    return 0;
}

static ptrdiff_t read_gzip(gbl_lines *l, void *out, size_t size, gbl_err *err)
{
    l->gz.next_out = out;
    l->gz.avail_out = (uInt)size;
    while (l->gz.avail_out == size) {
        if (fill_raw(l, err) != 0) return -1;
        if (l->raw_from == l->raw_to && l->raw_end) return l->open_part ? truncated(l, err) : 0;
        l->gz.next_in = l->raw + l->raw_from;
        l->gz.avail_in = (uInt)(l->raw_to - l->raw_from);
        int code = inflate(&l->gz, Z_NO_FLUSH);
        l->raw_from = l->raw_to - l->gz.avail_in;
        if (code == Z_MEM_ERROR) return gbl_nomem(err, 0), -1;
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
            fail_at(l, err, 0, "damaged gzip archive: %s", l->gz.msg != NULL ? l->gz.msg : "bad data");
            return -1;
        }
        if (code == Z_STREAM_END) {
            l->open_part = 0;
            if (next_member(l, err) != 0) return -1;
        }
    }
    return (ptrdiff_t)(size - l->gz.avail_out);
}

static ptrdiff_t read_zstd(gbl_lines *l, void *out, size_t size, gbl_err *err)
{
    ZSTD_outBuffer to = {out, size, 0};
    while (to.pos == 0) {
        if (fill_raw(l, err) != 0) return -1;
        /* at the end of the file a frame may still hold output that did not fit before */
        if (l->raw_from == l->raw_to && l->raw_end && !l->open_part) return 0;
        ZSTD_inBuffer in = {l->raw, l->raw_to, l->raw_from};
        size_t code = ZSTD_decompressStream(l->zstd, &to, &in);
        int stuck = l->raw_end && to.pos == 0 && in.pos == l->raw_from;
        l->raw_from = in.pos;
        if (ZSTD_isError(code)) {
            fail_at(l, err, 0, "damaged zstd archive: %s", ZSTD_getErrorName(code));
            return -1;
        }
        l->open_part = code != 0;
        if (stuck && l->open_part) return truncated(l, err);
    }
    return (ptrdiff_t)to.pos;
}

static ptrdiff_t read_bytes(gbl_lines *l, void *out, size_t size, gbl_err *err)
{
    if (l->packing == GZIP) return read_gzip(l, out, size, err);
    if (l->packing == ZSTD) return read_zstd(l, out, size, err);
    if (l->raw_from == l->raw_to) return read_source(l, out, size, err);
    size_t n = l->raw_to - l->raw_from; /* the bytes looked at for a magic */
    if (n > size) n = size;
    memcpy(out, l->raw + l->raw_from, n);
    l->raw_from += n;
    return (ptrdiff_t)n;
}

/* ---------------------------------------------------------------- opening ---- */

static voidpf zlib_alloc(voidpf opaque, uInt items, uInt size)
{
    (void)opaque;
    return gbl_alloc(items, size);
}

static void zlib_free(voidpf opaque, voidpf p)
{
    (void)opaque;
    gbl_free(p);
}

static int start_unpacking(gbl_lines *l, gbl_err *err)
{
    static const unsigned char gzip_magic[] = {0x1f, 0x8b}, zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};
    while (l->raw_to < sizeof zstd_magic) { /* a pipe may hand over single bytes */
        ptrdiff_t n = read_source(l, l->raw + l->raw_to, BLOCK - l->raw_to, err);
        if (n < 0) return err->code;
        if (n == 0) break;
        l->raw_to += (size_t)n;
    }
    if (l->raw_to >= 2 && memcmp(l->raw, gzip_magic, 2) == 0) {
        l->packing = GZIP;
        l->open_part = 1;
        l->gz.zalloc = zlib_alloc;
        l->gz.zfree = zlib_free;
        if (inflateInit2(&l->gz, 15 + 16) != Z_OK) return gbl_nomem(err, 0);
        l->stream_on = 1;
    } else if (l->raw_to >= 4 && memcmp(l->raw, zstd_magic, 4) == 0) {
        l->packing = ZSTD;
        l->open_part = 1;
        l->zstd = ZSTD_createDCtx();
        if (l->zstd == NULL) return gbl_nomem(err, 0);
    }
    return GBL_OK;
}

static int start(gbl_lines **out, gbl_lines *l, const char *name, gbl_err *err)
{
    size_t n = strlen(name) + 1;
    int code = GBL_OK;
    l->name = gbl_alloc(n, 1);
    l->raw = gbl_alloc(BLOCK, 1);
    l->buffer = gbl_alloc(l->room = 2 * BLOCK, 1);
    if (l->name == NULL || l->raw == NULL || l->buffer == NULL) code = gbl_nomem(err, 2 * BLOCK);
    if (code == GBL_OK) {
        memcpy(l->name, name, n);
        code = start_unpacking(l, err);
    }
    if (code == GBL_OK) *out = l;
    else gbl_lines_close(l);
    return code;
}

int gbl_lines_open(gbl_lines **out, const char *path, gbl_err *err)
{
    int standard = strcmp(path, "-") == 0;
    *out = NULL;
    gbl_lines *l = gbl_alloc(1, sizeof *l);
    if (l == NULL) return gbl_nomem(err, sizeof *l);
    l->fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (l->fd < 0) {
        int why = errno;
        gbl_free(l);
        gbl_fail(err, GBL_EINPUT, "cannot open the file: %s", strerror(why));
        gbl_where(err, "%s", path);
        return gbl_expected(err, "a readable file, or - for standard input");
    }
    return start(out, l, standard ? "standard input" : path, err);
}

int gbl_lines_open_text(gbl_lines **out, const char *name, const char *text, size_t len, gbl_err *err)
{
    *out = NULL;
    gbl_lines *l = gbl_alloc(1, sizeof *l);
    if (l == NULL) return gbl_nomem(err, sizeof *l);
    l->fd = -1;
    l->text = text;
    l->text_left = len;
    return start(out, l, name, err);
}

double gbl_lines_share(const gbl_lines *l)
{
    struct stat file;
    if (l->fd < 0 || fstat(l->fd, &file) != 0 || !S_ISREG(file.st_mode) || file.st_size <= 0) return -1;
    size_t ahead = l->packing == PLAIN ? l->to - l->from : l->raw_to - l->raw_from;
    return fmin(1, fmax(0, (double)(l->taken - (int64_t)ahead) / (double)file.st_size));
}

void gbl_lines_close(gbl_lines *l)
{
    if (l == NULL) return;
    if (l->stream_on) inflateEnd(&l->gz);
    ZSTD_freeDCtx(l->zstd);
    if (l->fd > STDIN_FILENO) close(l->fd);
    gbl_free(l->name);
    gbl_free(l->raw);
    gbl_free(l->buffer);
    gbl_free(l);
}

/* ---------------------------------------------------------------- lines ---- */

/* Text of other widths, by its byte order mark: it would only be called binary, or wrong at its first byte. */
static int refuse_wide(const gbl_lines *l, const char *text, size_t n, gbl_err *err)
{
    if (n < 2 || (memcmp(text, "\xff\xfe", 2) != 0 && memcmp(text, "\xfe\xff", 2) != 0)) return GBL_OK;
    fail_at(l, err, 0, "the text is UTF-16");
    return gbl_expected(err, "UTF-8, as iconv -f UTF-16 -t UTF-8 makes it");
}

/* Moves the unfinished line to the front, grows where it fills the buffer, and reads on. */
static int refill(gbl_lines *l, gbl_err *err)
{
    size_t held = l->to - l->from;
    if (l->from > 0) memmove(l->buffer, l->buffer + l->from, held);
    l->from = 0;
    l->to = held;
    if (held > LINE_MOST) {
        fail_at(l, err, l->number + 1, "a line longer than 64 MiB");
        return gbl_expected(err, "text in lines");
    }
    if (l->room - held <= BLOCK && gbl_grow(&l->buffer, &l->room, held + BLOCK + 1, 1) != 0) return gbl_nomem(err, held + BLOCK + 1);
    ptrdiff_t n = read_bytes(l, l->buffer + held, l->room - held - 1, err);
    if (n < 0) return err->code;
    l->to += (size_t)n;
    l->end = n == 0;
    if (l->number == 0 && held < 2 && refuse_wide(l, l->buffer, l->to, err) != GBL_OK) return err->code;
    if (l->number == 0 && l->to >= 3 && memcmp(l->buffer, "\xef\xbb\xbf", 3) == 0 && held < 3) l->from = 3; /* a byte order mark says nothing */
    return GBL_OK;
}

int gbl_lines_next(gbl_lines *l, char **line, size_t *len, gbl_err *err)
{
    size_t searched = 0;
    char *stop = NULL;
    while (!l->end) {
        size_t held = l->to - l->from;
        stop = held > searched ? memchr(l->buffer + l->from + searched, '\n', held - searched) : NULL;
        if (stop != NULL) break;
        searched = held;
        if (refill(l, err) != GBL_OK) return -1;
        if (searched > l->to - l->from) searched = 0; /* the byte order mark was cut off */
    }
    if (stop == NULL && l->to > l->from) stop = memchr(l->buffer + l->from, '\n', l->to - l->from);
    char *first = l->buffer + l->from;
    if (stop == NULL) {
        if (l->to == l->from) return 0;
        stop = l->buffer + l->to; /* the last line has no end */
        l->from = l->to;
    } else {
        l->from = (size_t)(stop - l->buffer) + 1;
    }
    l->number++;
    if (stop > first && stop[-1] == '\r') stop--;
    *stop = '\0';
    *line = first;
    *len = (size_t)(stop - first);
    if (memchr(first, '\0', *len) != NULL) {
        fail_at(l, err, l->number, "binary data: a NUL byte in the line");
        gbl_expected(err, "a text file, plain or packed with gzip or zstd");
        return -1;
    }
    return 1;
}

int64_t gbl_lines_number(const gbl_lines *l)
{
    return l->number;
}

const char *gbl_lines_name(const gbl_lines *l)
{
    return l->name;
}

/* ---------------------------------------------------------------- whole files ---- */

static int slurp_from(gbl_lines *l, char **out, size_t *len, size_t most, gbl_err *err)
{
    char *text = NULL;
    size_t n = 0, room = 0;
    for (;;) {
        ptrdiff_t got = -1;
        if (gbl_grow(&text, &room, n + BLOCK + 1, 1) != 0) gbl_nomem(err, n + BLOCK + 1);
        else got = read_bytes(l, text + n, room - n - 1, err);
        if (got > 0) n += (size_t)got;
        if (n > most) {
            fail_at(l, err, 0, "the file is larger than %zu bytes", most);
            gbl_expected(err, "at most %zu bytes unpacked", most);
            got = -1;
        }
        if (got < 0) return gbl_free(text), err->code;
        if (got == 0) break;
    }
    if (refuse_wide(l, text, n, err) != GBL_OK) return gbl_free(text), err->code;
    text[n] = '\0';
    *out = text;
    *len = n;
    return GBL_OK;
}

int gbl_slurp(const char *path, char **out, size_t *len, size_t most, gbl_err *err)
{
    gbl_lines *l;
    *out = NULL;
    *len = 0;
    int code = gbl_lines_open(&l, path, err);
    if (code != GBL_OK) return code;
    code = slurp_from(l, out, len, most, err);
    gbl_lines_close(l);
    return code;
}
