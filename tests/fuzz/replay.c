/* replay.c FOLDER... - feeds every file of a corpus to a fuzz target without a fuzzer, as TAP. It also feeds each
 * file's beginnings, since a truncated input is the commonest bad one. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly `size` bytes, so that a sanitizer sees one byte read too many. */
static void feed(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) exit(1);
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static int replay(const char *path)
{
    static uint8_t data[1 << 20];
    FILE *f = fopen(path, "rb");
    if (!f) return 1;
    size_t size = fread(data, 1, sizeof data, f), step = size / 256 + 1;
    fclose(f);
    for (size_t n = 0; n < size; n += step) feed(data, n);
    feed(data, size);
    return 0;
}

static int visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    int n = 0, failed = 0;

    for (int i = 1; i < argc; i++) {
        struct dirent **names = NULL;
        int count = scandir(argv[i], &names, visible, alphasort);
        for (int k = 0; k < count; k++) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], names[k]->d_name);
            int bad = replay(path);
            failed |= bad;
            printf("%sok %d - %s\n", bad ? "not " : "", ++n, names[k]->d_name);
            fflush(stdout);
            free(names[k]);
        }
        free(names);
    }
    printf("1..%d\n", n);
    return failed || !n;
}
