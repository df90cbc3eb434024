/* Errors, memory, names and numbers as text. */
#include <math.h>
#include <unistd.h>
#include "base/replace.h"
#include "base/text.h"
#include "tests/unit/base_help.h"

/* ---------------------------------------------------------------- err ---- */

static void error_has_four_lines(void **state)
{
    gbl_err e = {0};
    char text[4096];
    (void)state;
    assert_int_equal(gbl_fail(&e, GBL_EINPUT, "unknown key '%s'", "tpp"), GBL_EINPUT);
    gbl_err_text(&e, text, sizeof text);
    assert_string_equal(text, "unknown key 'tpp'\n");
    assert_int_equal(gbl_where(&e, "a.json:%d:2", 3), GBL_EINPUT);
    assert_int_equal(gbl_expected(&e, "one of tp, pp"), GBL_EINPUT);
    assert_int_equal(gbl_nearest(&e, "tp"), GBL_EINPUT);
    int n = gbl_err_text(&e, text, sizeof text);
    assert_string_equal(text, "unknown key 'tpp'\n  at       a.json:3:2\n  expected one of tp, pp\n  nearest  tp\n");
    assert_int_equal(n, strlen(text));
    gbl_nearest(&e, NULL);
    assert_string_equal(e.nearest, "");
    gbl_fail(&e, GBL_EFAULT, "again: %s", e.what); /* from itself */
    assert_error(&e, "again: unknown key 'tpp'|||");
}

static void error_stays_in_its_lines(void **state)
{
    gbl_err e = {0};
    char big[5000];
    (void)state;
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    gbl_fail(&e, GBL_EINPUT, "%s", big);
    assert_int_equal(strlen(e.what), sizeof e.what - 1);
    assert_string_equal(e.what + sizeof e.what - 5, "x...");
    for (size_t i = 0; i + 2 < sizeof big; i += 2) memcpy(big + i, "\xc3\xa9", 2); /* never cut inside a character */
    big[sizeof big - 2] = '\0';
    for (int shift = 0; shift < 2; shift++) {
        gbl_where(&e, "%s%s", shift ? "x" : "", big);
        size_t n = strlen(e.where);
        assert_string_equal(e.where + n - 3, "...");
        assert_int_equal((unsigned char)e.where[n - 4], 0xa9);
    }
    gbl_fail(&e, GBL_EINPUT, "two\nlines \033[31m");
    assert_string_equal(e.what, "two?lines ?[31m");
    assert_int_equal(gbl_nomem(&e, 12), GBL_EFAULT);
    assert_error(&e, "out of memory (12 bytes)|||");
}

/* ---------------------------------------------------------------- mem ---- */

static void products_are_checked(void **state)
{
    (void)state;
    assert_null(gbl_alloc(SIZE_MAX / 2, 3));
    assert_null(gbl_resize(NULL, SIZE_MAX / 2, 3));
    assert_null(gbl_alloc(1, (size_t)PTRDIFF_MAX + 1));
    void *p = gbl_alloc(0, 8);
    assert_non_null(p);
    gbl_free(p);
}

static void nth_allocation_fails(void **state)
{
    void *p[4];
    (void)state;
    long refused = gbl_alloc_refused();
    gbl_alloc_fail_at(3);
    for (int i = 0; i < 4; i++) p[i] = gbl_alloc(1, 8);
    assert_int_equal(gbl_alloc_count(), 4);
    gbl_alloc_fail_at(0);
    assert_true(p[0] && p[1] && !p[2] && p[3]);
    assert_int_equal(gbl_alloc_refused(), refused + 1);
    assert_null(gbl_alloc(SIZE_MAX, 2));
    assert_int_equal(gbl_alloc_refused(), refused + 2);
    for (int i = 0; i < 4; i++) gbl_free(p[i]);
}

/* What was written while memory was refused may lack something: the file stays as it was. */
static void no_file_of_refused_memory(void **state)
{
    char path[] = "/tmp/gable-floor-XXXXXX", text[8] = "";
    gbl_replace r;
    gbl_err err = {0};
    (void)state;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "old", 3), 3);
    close(fd);
    assert_int_equal(gbl_replace_begin(&r, path, &err), 0);
    fputs("new", r.to);
    gbl_alloc_fail_at(1);
    assert_null(gbl_alloc(1, 1));
    gbl_alloc_fail_at(0);
    assert_int_equal(gbl_replace_end(&r, 0, &err), GBL_EFAULT);
    FILE *f = fopen(path, "r");
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    assert_string_equal(text, "old");
    unlink(path);
}

static void array_grows_by_doubling(void **state)
{
    int *items = NULL;
    size_t room = 0;
    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(gbl_grow(&items, &room, (size_t)i + 1, sizeof *items), 0);
        items[i] = i;
    }
    assert_int_equal(room, 1024);
    for (int i = 0; i < 1000; i++) assert_int_equal(items[i], i);
    gbl_alloc_fail_at(1);
    assert_int_equal(gbl_grow(&items, &room, 2000, sizeof *items), -1);
    gbl_alloc_fail_at(0);
    assert_int_equal(items[999], 999);
    assert_int_equal(gbl_grow(&items, &room, SIZE_MAX, sizeof *items), -1);
    gbl_free(items);
}

static void arena_pieces_are_apart(void **state)
{
    enum { N = 3000 };
    static unsigned char *piece[N];
    static size_t size[N];
    uint64_t luck = 7;
    gbl_arena *a = gbl_arena_new();
    (void)state;
    for (int i = 0; i < N; i++) {
        size[i] = luck_below(&luck, i % 100 == 0 ? 300000 : 200);
        piece[i] = gbl_arena_take(a, size[i]);
        assert_int_equal((uintptr_t)piece[i] % 16, 0);
        for (size_t k = 0; k < size[i]; k++) assert_int_equal(piece[i][k], 0);
        memset(piece[i], i & 255, size[i]);
    }
    for (int i = 0; i < N; i++)
        for (size_t k = 0; k < size[i]; k++) assert_int_equal(piece[i][k], i & 255);
    assert_null(gbl_arena_take(a, SIZE_MAX - 3));
    assert_string_equal(gbl_arena_printf(a, "%s-%d", "x", 12), "x-12");
    assert_string_equal(gbl_arena_textn(a, "abcdef", 3), "abc");
    gbl_arena_free(a);
    gbl_arena_free(NULL);
}

/* ---------------------------------------------------------------- names ---- */

static void nearest_name(void **state)
{
    static const char *const known[] = {"max_num_seqs", "block_size", "tp", "chunked", "llama-3.1-8b"};
    static const struct { const char *name, *near; } cases[] = {
        {"max_num_seq", "max_num_seqs"}, {"max_nmu_seqs", "max_num_seqs"}, {"MAX_NUM_SEQS", "max_num_seqs"},
        {"blocksize", "block_size"}, {"chunk", "chunked"}, {"llama3.1-8b", "llama-3.1-8b"}, {"LLaMA-3.1-8B", "llama-3.1-8b"},
        {"tq", NULL}, {"xyz", NULL}, {"", NULL}, {"entirely different", NULL}};
    char big[400];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *got = gbl_near(cases[i].name, known, 5);
        if (cases[i].near == NULL) assert_null(got);
        else assert_string_equal(got, cases[i].near);
    }
    memset(big, 'a', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    assert_null(gbl_near(big, known, 5));
    assert_null(gbl_near("tp", known, 0));
}

/* ---------------------------------------------------------------- numbers ---- */

static void integers_from_text(void **state)
{
    static const struct { const char *text; int code; int64_t value; } cases[] = {
        {"0", 0, 0}, {"-0", 0, 0}, {"007", 0, 7}, {"9223372036854775807", 0, INT64_MAX}, {"-9223372036854775808", 0, INT64_MIN},
        {"9223372036854775808", -1, 0}, {"-9223372036854775809", -1, 0}, {"", -1, 0}, {"-", -1, 0}, {"+1", -1, 0},
        {" 1", -1, 0}, {"1 ", -1, 0}, {"1.0", -1, 0}, {"0x1", -1, 0}, {"99999999999999999999999999", -1, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t v = 0;
        assert_int_equal(gbl_text_int(cases[i].text, strlen(cases[i].text), &v), cases[i].code);
        assert_true(v == cases[i].value);
    }
}

static void whole_numbers_however_written(void **state)
{
    static const struct { const char *text; int code; int64_t value; } cases[] = {
        {"1e3", 0, 1000}, {"1.5e1", 0, 15}, {"2.0", 0, 2}, {"1.50", -1, 0}, {"1e-1", -1, 0}, {"10e-1", 0, 1}, {"-12.00", 0, -12},
        {"0e999999999999999999999", 0, 0}, {"1e999999999999999999999", -2, 0}, {"1e-999999999999999999999", -1, 0},
        {"9223372036854775807", 0, INT64_MAX}, {"9223372036854775808", -2, 0}, {"-9223372036854775808", 0, INT64_MIN},
        {"922337203685477580.7e1", 0, INT64_MAX}, {"10000000000000000000", -2, 0}, {"1e18", 0, 1000000000000000000},
        {"1e19", -2, 0}, {"0.000000000000000000000000001e27", 0, 1}, {"abc", -1, 0}, {"1e", -1, 0}, {".", -1, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t v = 0;
        assert_int_equal(gbl_text_whole(cases[i].text, strlen(cases[i].text), &v), cases[i].code);
        assert_true(v == cases[i].value);
    }
}

static void reals_from_text(void **state)
{
    static const char *const refused[] = {"", "-", ".", "e5", "1e", "1e+", "inf", "nan", "-inf", "0x10", " 1", "1 ", "1.2.3", "+1", "1e400", "1,5"};
    static const char *const taken[] = {"0", "-0.0", ".5", "5.", "1e22", "1e23", "123456789012345", "1234567890123456", "4.9e-324", "1e-400",
                                        "1.7976931348623157e308", "0.1", "3.14159265358979", "100000000000000000000000e-22", "0000.25"};
    double v;
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) assert_int_equal(gbl_text_real(refused[i], strlen(refused[i]), &v), -1);
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        assert_int_equal(gbl_text_real(taken[i], strlen(taken[i]), &v), 0);
        assert_true(v == strtod(taken[i], NULL) && signbit(v) == signbit(strtod(taken[i], NULL)));
    }
}

/* The fast way and strtod agree to the bit, whatever the digits and the exponent. */
static void reals_are_rounded_correctly(void **state)
{
    uint64_t luck = 5;
    char text[300];
    (void)state;
    for (int i = 0; i < 200000; i++) {
        double v;
        int digits = 1 + (int)luck_below(&luck, 19), point = (int)luck_below(&luck, (uint64_t)digits + 1), n = 0;
        for (int d = 0; d < digits; d++) {
            if (d == point) text[n++] = '.';
            text[n++] = (char)('0' + luck_below(&luck, 10));
        }
        n += snprintf(text + n, sizeof text - (size_t)n, "e%d", (int)luck_below(&luck, 61) - 30);
        assert_int_equal(gbl_text_real(text, (size_t)n, &v), 0);
        if (v != strtod(text, NULL)) fail_msg("%s read as %.17g", text, v);
    }
    memset(text, '1', sizeof text);
    double v;
    assert_int_equal(gbl_text_real(text, sizeof text, &v), 0); /* no NUL behind it; longer than the stack's buffer */
    assert_close(v, 1.1111111111111111e299, 1e-15);
}

static void numbers_for_people(void **state)
{
    static const struct { double v; const char *unit, *text; } si[] = {
        {12.3e9, "", "12.3 G"}, {0, "B/s", "0 B/s"}, {999, "", "999"}, {999.96, "", "1.00 k"}, {1000, "tok/s", "1 ktok/s"}, {0.0123, "s", "12.3 ms"},
        {-4.5e6, NULL, "-4.50 M"}, {989e12, "FLOP/s", "989 TFLOP/s"}};
    char out[512];
    (void)state;
    for (size_t i = 0; i < sizeof si / sizeof si[0]; i++) assert_string_equal(gbl_human_si(out, sizeof out, si[i].v, si[i].unit), si[i].text);
    assert_string_equal(gbl_human_si(out, sizeof out, NAN, "s"), "-");
    assert_string_equal(gbl_human_int(out, sizeof out, 1234567), "1,234,567");
    assert_string_equal(gbl_human_int(out, sizeof out, -999), "-999");
    assert_string_equal(gbl_human_int(out, sizeof out, INT64_MIN), "-9,223,372,036,854,775,808");
    assert_string_equal(gbl_human_int(out, 4, 1234567), "1,2");
    assert_string_equal(gbl_human_bytes(out, sizeof out, 80.0 * 1024 * 1024 * 1024), "80 GiB");
    assert_string_equal(gbl_human_bytes(out, sizeof out, 1536), "1.50 KiB");
    assert_string_equal(gbl_human_bytes(out, sizeof out, 1023.7), "1.00 KiB");
    assert_string_equal(gbl_human_bytes(out, sizeof out, 0), "0 B");
    gbl_human_si(out, sizeof out, 1.7e308, "B"); /* long, but within its bounds */
    assert_string_equal(out + strlen(out) - 3, " EB");
}

static void utf8_is_well_formed(void **state)
{
    static const struct { const char *text; int bytes; uint32_t code; } cases[] = {
        {"a", 1, 'a'}, {"\xc3\xa9", 2, 0xe9}, {"\xe2\x82\xac", 3, 0x20ac}, {"\xf0\x9f\x98\x80", 4, 0x1f600}, {"\xef\xbf\xbf", 3, 0xffff},
        {"\xf4\x8f\xbf\xbf", 4, 0x10ffff}, {"\xf4\x90\x80\x80", 0, 0}, {"\xc0\x80", 0, 0}, {"\xc1\xbf", 0, 0}, {"\xe0\x9f\xbf", 0, 0},
        {"\xed\xa0\x80", 0, 0}, {"\xf0\x8f\xbf\xbf", 0, 0}, {"\x80", 0, 0}, {"\xff", 0, 0}, {"\xc3", 0, 0}, {"\xe2\x82", 0, 0}, {"\xe2(\xac", 0, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t code = 0;
        assert_int_equal(gbl_utf8(cases[i].text, strlen(cases[i].text), &code), cases[i].bytes);
        assert_int_equal(code, cases[i].code);
    }
    assert_int_equal(gbl_utf8("", 0, NULL), 0);
}

static void hashes_are_known(void **state)
{
    char hex[17];
    (void)state;
    gbl_hex64(hex, gbl_hash64("", 0, 0));
    assert_string_equal(hex, "ef46db3751d8e999"); /* XXH64 of nothing, as its specification gives */
    gbl_hex64(hex, gbl_hash64("abc", 3, 0));
    assert_string_equal(hex, "44bc2cf5ad770999");
    assert_true(gbl_mix64(1, 2) != gbl_mix64(2, 1) && gbl_mix64(0, 0) != 0);
    uint64_t seen = gbl_mix64(3, 0); /* one flipped bit flips about half of the bits */
    int flips = 0;
    for (int b = 0; b < 64; b++) flips += __builtin_popcountll(seen ^ gbl_mix64(3, UINT64_C(1) << b)) + __builtin_popcountll(seen ^ gbl_mix64(3 ^ UINT64_C(1) << b, 0));
    assert_in_range(flips, 128 * 30, 128 * 34);
}

/* ---------------------------------------------------------------- paths ---- */

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void data_is_found(void **state)
{
    char folder[] = "/tmp/gable-data-XXXXXX", path[128];
    size_t n;
    gbl_arena *a = gbl_arena_new();
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(system("mkdir -p models/cards doc"), 0);
    write_file("models/cards/b.json", "{}");
    write_file("models/cards/a.json", "{}");
    write_file("models/cards/notes.txt", "");
    write_file("doc/x.csv", "1");
    write_file("x.csv", "2");
    setenv("GABLE_DATA", folder, 1);
    snprintf(path, sizeof path, "%s/models/cards/a.json", folder);
    assert_string_equal(gbl_data_path(a, "models/cards/a.json"), path);
    assert_null(gbl_data_path(a, "models/cards/none.json"));
    const char **names = gbl_data_list(a, "models/cards", &n);
    assert_int_equal(n, 2);
    assert_string_equal(names[0], "a");
    assert_string_equal(names[1], "b");
    assert_null(gbl_data_list(a, "models/none", &n));
    assert_int_equal(n, 0);
    assert_string_equal(gbl_find_path(a, "doc", "x.csv"), "doc/x.csv"); /* beside the document first */
    assert_string_equal(gbl_find_path(a, "", "x.csv"), "x.csv");
    assert_string_equal(gbl_find_path(a, "doc", "models/cards/a.json"), "models/cards/a.json");
    assert_int_equal(chdir("/"), 0);
    assert_string_equal(gbl_find_path(a, "", "models/cards/a.json"), path);
    assert_string_equal(gbl_find_path(a, "doc", "no/such"), "no/such");
    assert_string_equal(gbl_find_path(a, "doc", "/no/such"), "/no/such");
    setenv("GABLE_DATA", "/nonexistent", 1); /* no falling through */
    assert_null(gbl_data_path(a, "models/cards/a.json"));
    unsetenv("GABLE_DATA");
    gbl_err err = {0};
    uint64_t hash;
    snprintf(path, sizeof path, "%s/doc/x.csv", folder);
    assert_int_equal(gbl_file_hash(path, &hash, &err), GBL_OK);
    assert_true(hash == gbl_hash64("1", 1, 0));
    assert_int_equal(gbl_file_hash("/nonexistent", &hash, &err), GBL_EINPUT);
    assert_error(&err, "cannot open the file: No such file or directory|/nonexistent||");
    assert_int_equal(gbl_file_hash("/tmp", &hash, &err), GBL_EINPUT);
    assert_error(&err, "cannot read the file: Is a directory|/tmp||");
    snprintf(path, sizeof path, "rm -r %s", folder);
    assert_int_equal(system(path), 0);
    gbl_arena_free(a);
}

/* The binary finds its data from where it lies: this program, copied into trees of the three shapes. */
static void data_lies_beside_the_binary(void **state)
{
    static const char *const shapes[][2] = {{"build", "."}, {"build/asan", "."}, {"build/tests/unit", "."}, {"bin", "share/gable"}, {"far/off/from/any", NULL}};
    char folder[] = "/tmp/gable-tree-XXXXXX", self[4096], command[9000], got[4200], want[4200];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    (void)state;
    assert_true(n > 0);
    self[n] = '\0';
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        snprintf(command, sizeof command, "cd %s && rm -rf ./* && mkdir -p %s %s/models/cards && cp %s %s/prog && env -u GABLE_DATA %s/prog --data-root", folder,
                 shapes[i][0], shapes[i][1] != NULL ? shapes[i][1] : "here", self, shapes[i][0], shapes[i][0]);
        FILE *out = popen(command, "r");
        assert_non_null(out);
        got[fread(got, 1, sizeof got - 1, out)] = '\0';
        assert_int_equal(pclose(out), 0);
        if (shapes[i][1] == NULL) snprintf(want, sizeof want, "none\n");
        else snprintf(want, sizeof want, "%s%s%s\n", folder, strcmp(shapes[i][1], ".") ? "/" : "", strcmp(shapes[i][1], ".") ? shapes[i][1] : "");
        assert_string_equal(got, want);
    }
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static int print_data_root(void)
{
    gbl_arena *a = gbl_arena_new();
    const char *root = a == NULL ? NULL : gbl_data_root(a);
    puts(root == NULL ? "none" : root);
    gbl_arena_free(a);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--data-root") == 0) return print_data_root();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_has_four_lines), cmocka_unit_test(error_stays_in_its_lines), cmocka_unit_test(products_are_checked),
        cmocka_unit_test(nth_allocation_fails),
        cmocka_unit_test(no_file_of_refused_memory), cmocka_unit_test(array_grows_by_doubling), cmocka_unit_test(arena_pieces_are_apart),
        cmocka_unit_test(nearest_name), cmocka_unit_test(integers_from_text), cmocka_unit_test(whole_numbers_however_written),
        cmocka_unit_test(reals_from_text), cmocka_unit_test(reals_are_rounded_correctly), cmocka_unit_test(numbers_for_people),
        cmocka_unit_test(utf8_is_well_formed), cmocka_unit_test(hashes_are_known), cmocka_unit_test(data_is_found),
        cmocka_unit_test(data_lies_beside_the_binary)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
