/* Tables and progress as they are printed into files. */
#include <unistd.h>
#include "base/term.h"
#include "tests/unit/base_help.h"

static const char *printed(gbl_table *t)
{
    static char text[4096];
    FILE *f = tmpfile();
    assert_non_null(f);
    gbl_table_print(t, f);
    rewind(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

static void tables_are_aligned(void **state)
{
    gbl_table *t = gbl_table_new("Latency");
    (void)state;
    gbl_table_columns(t, "metric", ">p50", ">p99", "note", NULL);
    assert_string_equal(printed(t), "Latency\nmetric  p50  p99  note\n------  ---  ---  ----\n");
    gbl_table_cell(t, "ttft");
    gbl_table_cell(t, "%.1f", 12.25);
    gbl_table_cell(t, "%d", 1000);
    gbl_table_cell(t, "%s", "");
    gbl_table_rule(t);
    gbl_table_cell(t, "\xc3\xa9t\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac");
    gbl_table_cell(t, "1");
    gbl_table_cell(t, "2");
    gbl_table_cell(t, "a\nb\033[31m");
    gbl_table_cell(t, "half");
    assert_string_equal(printed(t), "Latency\n"
                                    "metric     p50   p99  note\n"
                                    "--------  ----  ----  --------\n"
                                    "ttft      12.2  1000\n"
                                    "--------  ----  ----  --------\n"
                                    "\xc3\xa9t\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac     1     2  a b [31m\n"
                                    "half                \n");
    gbl_table_free(t);
    gbl_table_free(NULL);
}

static void widths_are_those_of_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(gbl_term_columns("abc"), 3);
    assert_int_equal(gbl_term_columns("\xc3\xa9"), 1);
    assert_int_equal(gbl_term_columns("e\xcc\x81"), 1);         /* a combining accent */
    assert_int_equal(gbl_term_columns("\xe6\x97\xa5"), 2);      /* East Asian */
    assert_int_equal(gbl_term_columns("\xf0\x9f\x98\x80"), 2);  /* emoji */
    assert_int_equal(gbl_term_columns("\xff\xfe"), 2);          /* whatever it is, it shows */
    assert_int_equal(gbl_term_columns(""), 0);
}

static void table_without_memory_says_so(void **state)
{
    (void)state;
    for (int n = 1; n < 12; n++) {
        gbl_alloc_fail_at(n);
        gbl_table *t = gbl_table_new(NULL);
        if (t != NULL) {
            gbl_table_columns(t, "a", "b", NULL);
            for (int i = 0; i < 20; i++) gbl_table_cell(t, "%d", i);
        }
        int failed = gbl_alloc_count() >= n;
        gbl_alloc_fail_at(0);
        if (t != NULL) assert_int_equal(strcmp(printed(t), "(no memory for this table)\n") == 0, failed);
        gbl_table_free(t);
    }
}

static void files_have_no_terminal(void **state)
{
    FILE *f = tmpfile();
    (void)state;
    assert_non_null(f);
    assert_false(gbl_term_is_tty(f));
    setenv("TERM", "xterm", 1);
    assert_false(gbl_term_colour(f));
    fclose(f);
    assert_true(gbl_term_width() > 0);
}

/* What progress writes to stderr while stderr is a file. */
static const char *progress_output(enum gbl_progress_mode mode, int wait)
{
    static char text[4096];
    FILE *f = tmpfile();
    int kept = dup(STDERR_FILENO);
    assert_non_null(f);
    fflush(stderr);
    dup2(fileno(f), STDERR_FILENO);
    gbl_progress *p = gbl_progress_new("replay", mode);
    for (int i = 0; i <= wait; i++) {
        gbl_progress_tick(p, 50, 200, "queue 3");
        usleep(100000);
    }
    gbl_progress_end(p);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

static void progress_is_for_terminals(void **state)
{
    (void)state;
    assert_string_equal(progress_output(GBL_PROGRESS_AUTO, 4), "");
    assert_string_equal(progress_output(GBL_PROGRESS_OFF, 4), "");
    assert_string_equal(progress_output(GBL_PROGRESS_ON, 0), ""); /* quick work stays silent */
    const char *text = progress_output(GBL_PROGRESS_ON, 5);       /* into a file: whole lines, one a second */
    assert_int_equal(strncmp(text, "replay  25.0 %  ", 16), 0);
    assert_non_null(strstr(text, "/s  ETA 0:0"));
    assert_string_equal(strchr(text, '\n') - 9, "  queue 3\n");
    gbl_progress_tick(NULL, 1, 2, NULL);
    gbl_progress_end(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tables_are_aligned), cmocka_unit_test(widths_are_those_of_a_terminal),
        cmocka_unit_test(table_without_memory_says_so), cmocka_unit_test(files_have_no_terminal), cmocka_unit_test(progress_is_for_terminals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
