/* The line reader: plain, gzip, zstd; what it refuses. */
#include <unistd.h>
#include "base/lines.h"
#include "tests/unit/base_help.h"

/* "one\ntwo\n" by gzip and zstd, and 300,000 times "0123456789abcde\n" by zstd. */
static const unsigned char gz_two[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0xcf, 0x4b, 0xe5, 0x2a, 0x29, 0xcf, 0xe7, 0x02,
    0x00, 0xe6, 0x0b, 0xba, 0x12, 0x08, 0x00, 0x00, 0x00};
static const unsigned char zst_two[] = {
    0x28, 0xb5, 0x2f, 0xfd, 0x24, 0x08, 0x41, 0x00, 0x00, 0x6f, 0x6e, 0x65, 0x0a, 0x74, 0x77, 0x6f, 0x0a, 0xe6, 0xa6,
    0x0e, 0x40};
static const unsigned char zst_many[] = {
    0x28, 0xb5, 0x2f, 0xfd, 0xa4, 0x00, 0x3e, 0x49, 0x00, 0xc4, 0x00, 0x00, 0x80, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35,
    0x36, 0x37, 0x38, 0x39, 0x61, 0x62, 0x63, 0x64, 0x65, 0x0a, 0x01, 0x00, 0xda, 0xff, 0x27, 0x9f, 0x4b, 0x44, 0x00,
    0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x93, 0x4f, 0x20, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00,
    0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd,
    0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00,
    0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44,
    0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39,
    0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00,
    0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00,
    0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02,
    0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff,
    0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01,
    0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00,
    0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00,
    0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd,
    0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00,
    0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44,
    0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39,
    0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00,
    0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00,
    0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02,
    0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff, 0x39, 0x00, 0x02, 0x44, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0xff,
    0x39, 0x00, 0x02, 0x45, 0x00, 0x00, 0x00, 0x01, 0x00, 0xfd, 0x3d, 0x39, 0x00, 0x02, 0x7f, 0x53, 0x90, 0xbb};

static gbl_lines *open_bytes(const void *bytes, size_t n)
{
    gbl_lines *l;
    gbl_err err = {0};
    assert_int_equal(gbl_lines_open_text(&l, "t", bytes, n, &err), GBL_OK);
    return l;
}

/* Reads all lines, joined by '|'; an error as "!what|where|expected|nearest". */
static const char *read_all(const void *bytes, size_t n)
{
    static char out[4096];
    size_t used = 0, len;
    char *line;
    int more;
    gbl_err err = {0};
    gbl_lines *l = open_bytes(bytes, n);
    out[0] = '\0';
    while ((more = gbl_lines_next(l, &line, &len, &err)) == 1) {
        assert_int_equal(strlen(line), len);
        used += (size_t)snprintf(out + used, sizeof out - used, "%s|", line);
        assert_true(used < sizeof out);
    }
    if (more < 0) snprintf(out + used, sizeof out - used, "!%s|%s|%s|%s", err.what, err.where, err.expected, err.nearest);
    gbl_lines_close(l);
    return out;
}

static void plain_lines(void **state)
{
    static const char *const cases[][2] = {{"", ""}, {"\n", "|"}, {"a", "a|"}, {"a\n", "a|"}, {"a\nb", "a|b|"}, {"a\r\nb\r\n", "a|b|"}, {"a\r", "a|"},
        {"\n\n", "||"}, {"a\rb\n", "a\rb|"}, {"\xef\xbb\xbfx\ny\n", "x|y|"}, {"\xef\xbb\xbf", ""}, {"\xef\xbb\xbf\n", "|"}, {"\xef\xbb", "\xef\xbb|"}, {"\r\n", "|"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) assert_string_equal(read_all(cases[i][0], strlen(cases[i][0])), cases[i][1]);
    assert_string_equal(read_all("a\nb\0c\nd\n", 8), "a|!binary data: a NUL byte in the line|t:2|a text file, plain or packed with gzip or zstd|");
}

static void packed_lines(void **state)
{
    unsigned char twice[200] = {0}, damaged[100];
    (void)state;
    assert_string_equal(read_all(gz_two, sizeof gz_two), "one|two|");
    assert_string_equal(read_all(zst_two, sizeof zst_two), "one|two|");
    memcpy(twice, gz_two, sizeof gz_two); /* members and frames behind each other, zeros as padding */
    memcpy(twice + sizeof gz_two, gz_two, sizeof gz_two);
    assert_string_equal(read_all(twice, 2 * sizeof gz_two + 50), "one|two|one|two|");
    memcpy(twice, zst_two, sizeof zst_two);
    memcpy(twice + sizeof zst_two, zst_two, sizeof zst_two);
    assert_string_equal(read_all(twice, 2 * sizeof zst_two), "one|two|one|two|");
    memcpy(damaged, gz_two, sizeof gz_two);
    damaged[sizeof gz_two - 6] ^= 1; /* the check sum */
    assert_string_equal(read_all(damaged, sizeof gz_two), "!damaged gzip archive: incorrect data check|t||");
    memcpy(damaged, zst_two, sizeof zst_two);
    damaged[sizeof zst_two - 1] ^= 1;
    assert_string_equal(read_all(damaged, sizeof zst_two), "!damaged zstd archive: Restored data doesn't match checksum|t||");
    memcpy(twice, gz_two, sizeof gz_two);
    twice[sizeof gz_two] = 'x';
    assert_string_equal(read_all(twice, sizeof gz_two + 1), "!bytes that are no gzip behind the end of a gzip archive|t||");
    memcpy(damaged, gz_two, sizeof gz_two);
    damaged[2] = 9; /* no such method */
    assert_string_equal(read_all(damaged, sizeof gz_two), "!damaged gzip archive: unknown compression method|t||");
}

/* An archive cut anywhere says so; never does it pass for a shorter one. */
static void truncated_archives(void **state)
{
    static const char gz[] = "!truncated gzip archive|t|a whole archive: it ends in the middle|", zst[] = "!truncated zstd archive|t|a whole archive: it ends in the middle|";
    (void)state;
    for (size_t n = 2; n < sizeof gz_two; n++) {
        const char *got = read_all(gz_two, n), *mark = strchr(got, '!');
        assert_non_null(mark);
        assert_string_equal(mark, gz);
    }
    unsigned char twice[2 * sizeof gz_two];
    memcpy(twice, gz_two, sizeof gz_two);
    memcpy(twice + sizeof gz_two, gz_two, sizeof gz_two);
    for (size_t n = 1; n < sizeof gz_two; n++) { /* in its second member */
        const char *mark = strchr(read_all(twice, sizeof gz_two + n), '!');
        assert_non_null(mark);
        assert_string_equal(mark, gz);
    }
    for (size_t n = 4; n < sizeof zst_two; n++) {
        const char *got = read_all(zst_two, n), *mark = strchr(got, '!');
        assert_non_null(mark);
        assert_string_equal(mark, zst);
    }
}

static void large_archive(void **state)
{
    gbl_lines *l = open_bytes(zst_many, sizeof zst_many);
    gbl_err err = {0};
    char *line;
    size_t len;
    int64_t n = 0;
    (void)state;
    while (gbl_lines_next(l, &line, &len, &err) == 1) {
        assert_string_equal(line, "0123456789abcde");
        assert_int_equal(gbl_lines_number(l), ++n);
    }
    assert_int_equal(n, 300000);
    gbl_lines_close(l);
}

/* Lines of random lengths around the block size come out as they went in, also through gzip. */
static void lines_cross_blocks(void **state)
{
    char folder[] = "/tmp/gable-lines-XXXXXX", path[64];
    enum { N = 400 };
    static size_t length[N];
    uint64_t luck = 3;
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    FILE *f = fopen("a.txt", "w");
    assert_non_null(f);
    for (int i = 0; i < N; i++) {
        length[i] = luck_below(&luck, 20) == 0 ? luck_below(&luck, 900000) : luck_below(&luck, 4000);
        for (size_t k = 0; k < length[i]; k++) putc('a' + (int)((k * 7 + (size_t)i) % 26), f);
        if (i < N - 1) putc('\n', f);
    }
    fclose(f);
    assert_int_equal(system("gzip -1 -c a.txt > b"), 0);
    for (int packed = 0; packed < 2; packed++) {
        gbl_lines *l;
        gbl_err err = {0};
        char *line;
        size_t len;
        snprintf(path, sizeof path, "%s", packed ? "b" : "a.txt");
        assert_int_equal(gbl_lines_open(&l, path, &err), GBL_OK);
        for (int i = 0; i < N; i++) {
            assert_int_equal(gbl_lines_next(l, &line, &len, &err), 1);
            assert_int_equal(len, length[i]);
            for (size_t k = 0; k < len; k++)
                if (line[k] != 'a' + (char)((k * 7 + (size_t)i) % 26)) fail_msg("line %d, byte %zu", i, k);
        }
        assert_int_equal(gbl_lines_next(l, &line, &len, &err), 0);
        assert_int_equal(gbl_lines_next(l, &line, &len, &err), 0);
        gbl_lines_close(l);
    }
    char *text;
    size_t len;
    gbl_err err = {0};
    assert_int_equal(gbl_slurp("b", &text, &len, 100 << 20, &err), GBL_OK);
    size_t want = N - 1;
    for (int i = 0; i < N; i++) want += length[i];
    assert_int_equal(len, want);
    gbl_free(text);
    assert_int_equal(gbl_slurp("b", &text, &len, 1000, &err), GBL_EINPUT);
    assert_error(&err, "the file is larger than 1000 bytes|b|at most 1000 bytes unpacked|");
    assert_null(text);
    unlink("a.txt");
    unlink("b");
    assert_int_equal(chdir("/"), 0);
    rmdir(folder);
}

static void too_long_a_line(void **state)
{
    size_t n = (size_t)80 << 20, len;
    char *text = gbl_alloc(n, 1), *line;
    gbl_err err = {0};
    (void)state;
    assert_non_null(text);
    memset(text, 'x', n);
    memcpy(text, "short\n", 6);
    gbl_lines *l = open_bytes(text, n);
    assert_int_equal(gbl_lines_next(l, &line, &len, &err), 1);
    assert_int_equal(gbl_lines_next(l, &line, &len, &err), -1);
    assert_error(&err, "a line longer than 64 MiB|t:2|text in lines|");
    gbl_lines_close(l);
    gbl_free(text);
}

static void unreadable_files(void **state)
{
    gbl_lines *l;
    gbl_err err = {0};
    (void)state;
    assert_int_equal(gbl_lines_open(&l, "/nonexistent", &err), GBL_EINPUT);
    assert_error(&err, "cannot open the file: No such file or directory|/nonexistent|a readable file, or - for standard input|");
    assert_int_equal(gbl_lines_open(&l, "/tmp", &err), GBL_EINPUT);
    assert_error(&err, "cannot read the file: Is a directory|/tmp||");
    gbl_lines_close(NULL);
}

/* Standard input is a pipe here: it cannot be rewound after the look at its magic. */
static void standard_input(void **state)
{
    int ends[2], kept = dup(STDIN_FILENO);
    gbl_lines *l;
    gbl_err err = {0};
    char *line;
    size_t len;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], gz_two, sizeof gz_two), (ssize_t)sizeof gz_two);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    assert_int_equal(gbl_lines_open(&l, "-", &err), GBL_OK);
    assert_string_equal(gbl_lines_name(l), "standard input");
    assert_int_equal(gbl_lines_next(l, &line, &len, &err), 1);
    assert_string_equal(line, "one");
    gbl_lines_close(l);
    dup2(kept, STDIN_FILENO);
    close(kept);
}

static const unsigned char *job_bytes;
static size_t job_size;
static int read_job(gbl_err *err)
{
    gbl_lines *l;
    char *line;
    size_t len;
    int more, code = gbl_lines_open_text(&l, "t", (const char *)job_bytes, job_size, err);
    if (code != GBL_OK) return code;
    while ((more = gbl_lines_next(l, &line, &len, err)) == 1) continue;
    gbl_lines_close(l);
    return more == 0 ? GBL_OK : err->code;
}

/* How much of a file is behind the line last returned, packed or not; nobody knows it of a text or a pipe. */
static void share_of_a_file(void **state)
{
    char path[] = "/tmp/gable-share-XXXXXX", *line;
    gbl_lines *l;
    gbl_err err = {0};
    size_t len;
    double before = 0;
    int ends[2], fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    (void)state;
    for (int i = 0; i < 200000; i++) fprintf(f, "line %d\n", i);
    fclose(f);
    assert_int_equal(gbl_lines_open(&l, path, &err), GBL_OK);
    for (int i = 0; i < 200000; i++) {
        assert_int_equal(gbl_lines_next(l, &line, &len, &err), 1);
        if (i % 1000) continue;
        double share = gbl_lines_share(l);
        assert_true(share >= before && fabs(share - i / 200000.0) < 0.05);
        before = share;
    }
    assert_true(gbl_lines_share(l) == 1);
    gbl_lines_close(l);
    unlink(path);
    assert_int_equal(gbl_lines_open_text(&l, "t", "a\nb\n", 4, &err), GBL_OK);
    assert_true(gbl_lines_share(l) == -1);
    gbl_lines_close(l);
    assert_int_equal(pipe(ends), 0);
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    assert_int_equal(gbl_lines_open(&l, path, &err), GBL_OK);
    assert_true(gbl_lines_share(l) == -1);
    gbl_lines_close(l);
    close(ends[0]);
}

static void memory_may_run_out(void **state)
{
    static unsigned char wide[1 << 20];
    (void)state;
    job_bytes = gz_two, job_size = sizeof gz_two;
    each_allocation_fails(read_job, 50);
    memset(wide, 'x', sizeof wide); /* one line that makes the buffer grow */
    job_bytes = wide, job_size = sizeof wide;
    each_allocation_fails(read_job, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_lines), cmocka_unit_test(packed_lines), cmocka_unit_test(truncated_archives), cmocka_unit_test(large_archive),
        cmocka_unit_test(lines_cross_blocks), cmocka_unit_test(too_long_a_line), cmocka_unit_test(unreadable_files),
        cmocka_unit_test(standard_input), cmocka_unit_test(share_of_a_file), cmocka_unit_test(memory_may_run_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
