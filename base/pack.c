/* pack.c - gzip and zstd at the levels of their command-line programs. */
#include "base/pack.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"

enum { CHUNK = 1 << 16, GZIP_WINDOW = 15 + 16, GZIP_LEVEL = 6, ZSTD_LEVEL = 3 };

enum gbl_packing gbl_packing_of(const char *path)
{
    size_t n = strlen(path);
    return n > 3 && !strcmp(path + n - 3, ".gz") ? GBL_GZIP : n > 4 && !strcmp(path + n - 4, ".zst") ? GBL_ZSTD : GBL_PLAIN;
}

static int pack_gzip(FILE *from, FILE *to, unsigned char *in, unsigned char *out, gbl_err *err)
{
    z_stream z = {.zalloc = NULL};
    if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK) return gbl_nomem(err, 1 << 18);
    for (int last = 0; !last;) {
        z.next_in = in;
        z.avail_in = (uInt)fread(in, 1, CHUNK, from);
        last = z.avail_in < CHUNK;
        do {
            z.next_out = out;
            z.avail_out = CHUNK;
            deflate(&z, last ? Z_FINISH : Z_NO_FLUSH);
            fwrite(out, 1, CHUNK - z.avail_out, to); /* what fails is seen by ferror */
        } while (z.avail_out == 0);
    }
    deflateEnd(&z);
    return 0;
}

static int pack_zstd(FILE *from, FILE *to, unsigned char *in, unsigned char *out, gbl_err *err)
{
    ZSTD_CCtx *z = ZSTD_createCCtx();
    size_t left = 0;
    if (!z || ZSTD_isError(ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, ZSTD_LEVEL))) return ZSTD_freeCCtx(z), gbl_nomem(err, 1 << 20);
    for (int last = 0; !last && !ZSTD_isError(left);) {
        ZSTD_inBuffer src = {in, fread(in, 1, CHUNK, from), 0};
        last = src.size < CHUNK;
        do {
            ZSTD_outBuffer dst = {out, CHUNK, 0};
            left = ZSTD_compressStream2(z, &dst, &src, last ? ZSTD_e_end : ZSTD_e_continue);
            fwrite(out, 1, dst.pos, to);
        } while (!ZSTD_isError(left) && (last ? left != 0 : src.pos < src.size));
    }
    ZSTD_freeCCtx(z);
    return ZSTD_isError(left) ? gbl_nomem(err, 1 << 20) : 0; /* of its errors only a lack of memory can come here */
}

int gbl_pack(FILE *from, FILE *to, enum gbl_packing how, gbl_err *err)
{
    unsigned char *in = gbl_alloc(2, CHUNK);
    if (!in) return gbl_nomem(err, 2 * CHUNK);
    int code = how == GBL_GZIP ? pack_gzip(from, to, in, in + CHUNK, err) : pack_zstd(from, to, in, in + CHUNK, err);
    gbl_free(in);
    if (code) return code;
    if (!ferror(from) && !ferror(to) && !fflush(to)) return 0;
    gbl_fail(err, GBL_EINPUT, "cannot pack through temporary files");
    return gbl_expected(err, "room in $TMPDIR, or /tmp, for the answer, plain and packed");
}
