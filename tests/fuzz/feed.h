/* feed.h - what fuzz targets share: bytes as a file with a path, texts cut at marks, and what every refusal owes its reader. */
#ifndef GBL_FUZZ_FEED_H
#define GBL_FUZZ_FEED_H
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int memfd_create(const char *name, unsigned flags); /* glibc shows it to _GNU_SOURCE alone */

enum { FEED_FILES = 4, FEED_TEXT = 1 << 16 };

/* The bytes as the i-th file in memory; what is opened at its path starts at their beginning. */
static inline const char *feed_file(int i, const void *data, size_t size)
{
    static int fd[FEED_FILES];
    static char path[FEED_FILES][40];
    assert(i < FEED_FILES);
    if (!fd[i]) {
        fd[i] = memfd_create("fuzz", 0);
        assert(fd[i] > 0);
        snprintf(path[i], sizeof path[i], "/proc/self/fd/%d", fd[i]);
    }
    int cut = ftruncate(fd[i], 0);
    ssize_t put = size ? pwrite(fd[i], data, size, 0) : 0;
    assert(!cut && put == (ssize_t)size);
    return path[i];
}

/* The input as a text that ends in NUL, at most FEED_TEXT - 1 bytes of it. */
static inline char *feed_text(const uint8_t *data, size_t size)
{
    static char text[FEED_TEXT];
    if (size > sizeof text - 1) size = sizeof text - 1;
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

/* What stands behind the mark, which is cut off (with what follows it); "" where there is none. */
static inline char *feed_after(char *text, const char *mark)
{
    static char none[1];
    char *at = strstr(text, mark);
    if (!at) return none;
    *at = '\0';
    return at + strlen(mark);
}

/* Whatever is refused is the input's fault, said in at most four lines of plain text. */
static inline void feed_refused(const gbl_err *err)
{
    char text[4096];
    int n = gbl_err_text(err, text, sizeof text), lines = 0;
    assert(err->code == GBL_EINPUT && err->what[0] && n > 0 && (size_t)n < sizeof text);
    for (const char *c = text; *c; c++) lines += *c == '\n';
    assert(lines <= 4);
}

#endif
