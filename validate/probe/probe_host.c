/* probe_host.c - gable-probe-host: times the bodies on this machine's CPU or an OpenCL device and prints rows (PROTOCOL.md);
 * --check runs each small shape against its reference instead, --count says what an emulator should count. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/term.h"
#include "base/text.h"
#include "validate/probe/host_card.h"
#include "validate/probe/stack.h"
#include "validate/probe/timing.h"
#include "validate/probe/values.h"

typedef struct options {
    const char *backend;
    char only[400]; /* ",gemm,decode,"; empty: all */
    int quick, header, list, check, count, card, help;
} options;

static const struct { const char *name; int value; const char *about; } flag[] = {
    {"--backend", 1, "cpu (OpenMP, the default) or opencl (the first device)"},
    {"--only", 1, "these probes alone, comma between"},
    {"--quick", 0, "few small shapes"},
    {"--json-header", 0, "first a line about the machine"},
    {"--list", 0, "the probes"},
    {"--check", 0, "compare small shapes with double-precision references (TAP); nothing is timed"},
    {"--count", 0, "run small shapes once; say what each kernel multiplies, reads and writes"},
    {"--card", 0, "a hardware card of this host, measured, to calibrate from"},
    {"--help", 0, "this"},
};
enum { FLAGS = sizeof flag / sizeof *flag };

static int bad_flag(const char *text, gbl_err *err)
{
    const char *known[FLAGS + 1];
    for (int i = 0; i < FLAGS; i++) known[i] = flag[i].name;
    gbl_fail(err, GBL_EINPUT, "gable-probe-host knows no \"%.60s\"", text);
    gbl_expected(err, "--help lists what there is");
    return gbl_nearest(err, gbl_near(text, known, FLAGS));
}

static int read_only(options *o, const char *list, gbl_err *err)
{
    const gbl_probe_kind *k = gbl_probe_kinds();
    const char *known[32];
    size_t n = 0;
    for (; k[n].name; n++) known[n] = k[n].name;
    known[n++] = "layers";
    if (strlen(list) > sizeof o->only - 3) return bad_flag(list, err);
    snprintf(o->only, sizeof o->only, ",%s,", list);
    for (const char *at = list;; at++) {
        size_t len = strcspn(at, ","), i = 0;
        char name[41] = "";
        snprintf(name, sizeof name, "%.*s", (int)(len < 40 ? len : 40), at);
        while (i < n && strcmp(known[i], name)) i++;
        if (i == n) {
            gbl_fail(err, GBL_EINPUT, "--only names no probe \"%s\"", name);
            gbl_expected(err, "names as --list prints them");
            return gbl_nearest(err, gbl_near(name, known, n));
        }
        at += len;
        if (!*at) return 0;
    }
}

static int read_options(options *o, int n, char **arg, gbl_err *err)
{
    *o = (options){.backend = "cpu"};
    int *const to[FLAGS] = {NULL, NULL, &o->quick, &o->header, &o->list, &o->check, &o->count, &o->card, &o->help};
    for (int i = 1; i < n; i++) {
        int f = 0;
        while (f < FLAGS && strcmp(arg[i], flag[f].name)) f++;
        if (f == FLAGS) return bad_flag(arg[i], err);
        if (!flag[f].value) {
            *to[f] = 1;
            continue;
        }
        if (++i == n) {
            gbl_fail(err, GBL_EINPUT, "%s without a value", flag[f].name);
            return gbl_expected(err, "%s", flag[f].about);
        }
        if (f == 0) o->backend = arg[i];
        else if (read_only(o, arg[i], err)) return err->code;
    }
    return 0;
}

static int wanted(const options *o, const char *probe)
{
    char name[64];
    snprintf(name, sizeof name, ",%s,", probe);
    return !*o->only || strstr(o->only, name);
}

static void print_lists(const options *o)
{
    if (o->help) {
        printf("gable-probe-host - times kernels on this machine; prints one JSON object a line\n");
        for (int i = 0; i < FLAGS; i++) printf("  %-14s %s\n", flag[i].name, flag[i].about);
        return;
    }
    for (const gbl_probe_kind *k = gbl_probe_kinds(); k->name; k++) printf("%-10s  %s\n", k->name, k->about);
    printf("%-10s  %s\n", "layers", "a prefill and a decode step of a small transformer, kernels in sequence");
    printf("\nWithout a meaning on a CPU, and so not here: kernel launches, host copies over PCIe, overlap of copy and compute, all-reduce (gable-probe).\n");
}

/* ---- rows ---- */

typedef struct session {
    const options *o;
    gbl_backend *b;
    gbl_progress *progress;
    char date[16];
    int n, failed, total; /* cases */
} session;

static const gbl_probe_kind *kind_of(const char *probe)
{
    const gbl_probe_kind *k = gbl_probe_kinds();
    while (strcmp(k->name, probe)) k++;
    return k;
}

static void print_json(gbl_json *j)
{
    const char *text = gbl_json_text(j);
    if (text) printf("%s\n", text);
    fflush(stdout);
    gbl_json_free(j);
}

static void shape_json(gbl_json *j, const gbl_case *c)
{
    const gbl_probe_kind *k = kind_of(c->probe);
    gbl_json_obj(j, "shape");
    for (int i = 0; k->dim[i]; i++) gbl_json_int(j, k->dim[i], c->v[i]);
    gbl_json_end(j);
}

static void machine_json(const session *s, gbl_json *j)
{
    gbl_json_str(j, "backend", s->o->backend);
    gbl_json_str(j, "device", gbl_backend_device(s->b));
    gbl_json_str(j, "driver", gbl_backend_driver(s->b));
    gbl_json_str(j, "date", s->date);
}

static void timing_json(gbl_json *j, const gbl_timing *t)
{
    gbl_json_num(j, "median_us", t->median_s * 1e6);
    gbl_json_num(j, "low_us", t->low_s * 1e6);
    gbl_json_num(j, "high_us", t->high_s * 1e6);
    gbl_json_int(j, "repetitions", t->repetitions);
}

static int print_row(const session *s, const gbl_case *c, const gbl_timing *t, gbl_err *err)
{
    gbl_json *j = gbl_json_new(0);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "probe", c->probe);
    gbl_json_str(j, "kernel", "body");
    if (*c->format) gbl_json_str(j, "format", c->format);
    shape_json(j, c);
    timing_json(j, t);
    if (c->flops > 0) gbl_json_num(j, "flops", c->flops);
    if (c->bytes > 0) gbl_json_num(j, "bytes", c->bytes);
    gbl_json_bool(j, "cold", 1);
    gbl_json_bool(j, "checked", 1);
    gbl_json_bool(j, "noisy", t->noisy);
    machine_json(s, j);
    gbl_json_end(j);
    print_json(j);
    return 0;
}

/* Big shapes are timed only after the small ones of the same kernels were checked; their values are not looked at again. */
static int time_case(session *s, const gbl_case *c, gbl_err *err)
{
    gbl_memory *memory[GBL_BUFFERS_MOST] = {NULL};
    gbl_launch l = gbl_case_launch(c);
    gbl_timing_ask ask = {.cold = 1, .least = 7, .most = 60, .tight = 0.02, .budget_s = s->o->quick ? 0.05 : 0.5};
    gbl_timing t;
    int code = 0;
    for (int i = 0; i < c->n_buffers && !code; i++) {
        void *values = gbl_alloc(c->buffer[i].bytes ? c->buffer[i].bytes : 1, 1);
        if (!values) code = gbl_nomem(err, c->buffer[i].bytes);
        if (!code) gbl_values_fill(c, i, values);
        if (!code && !(memory[i] = l.buffer[i] = gbl_memory_new(s->b, c->buffer[i].bytes, err))) code = err->code;
        if (!code) code = gbl_memory_write(memory[i], values, c->buffer[i].bytes, err);
        gbl_free(values);
    }
    if (!code) code = gbl_time(s->b, &l, 1, &ask, &t, err);
    if (!code) code = print_row(s, c, &t, err);
    for (int i = 0; i < c->n_buffers; i++) gbl_memory_free(memory[i]);
    return code;
}

static int visit_time(void *to, const char *probe, const char *format, const int64_t *v, const char *exact, gbl_err *err)
{
    session *s = to;
    gbl_case c;
    (void)exact;
    if (!wanted(s->o, probe)) return 0;
    if (gbl_case_plan(&c, probe, format, v, gbl_backend_gemm_rows(s->b), err)) return err->code;
    gbl_progress_tick(s->progress, s->n++, s->total, probe);
    return time_case(s, &c, err);
}

static int visit_number(void *to, const char *probe, const char *format, const int64_t *v, const char *exact, gbl_err *err)
{
    session *s = to;
    (void)format, (void)v, (void)exact, (void)err;
    s->total += wanted(s->o, probe) != 0;
    return 0;
}

/* ---- checks and counts ---- */

static void case_name(const gbl_case *c, char *out, size_t size)
{
    const gbl_probe_kind *k = kind_of(c->probe);
    size_t at = (size_t)snprintf(out, size, "%s %s", c->kernel, c->format);
    for (int i = 0; k->dim[i] && at < size; i++) at += (size_t)snprintf(out + at, size - at, " %s=%lld", k->dim[i], (long long)c->v[i]);
}

/* Compares one shape; `say`: as a line of TAP. */
static int check_case(session *s, const gbl_case *c, int say, gbl_err *err)
{
    char name[200];
    double worst = INFINITY;
    int code = gbl_values_check(s->b, c, &worst, err), right = !code && worst <= 1;
    case_name(c, name, sizeof name);
    s->n++;
    s->failed += !right;
    if (say) printf("%s %d - %s on %s: %.2g of the error that rounding allows\n", right ? "ok" : "not ok", s->n, name, s->o->backend, worst);
    if (code || right || say) return code;
    gbl_fail(err, GBL_EFAULT, "a kernel computes wrong values: %s", name);
    return gbl_where(err, "%s, %s", gbl_backend_device(s->b), gbl_backend_driver(s->b));
}

static int count_case(session *s, const gbl_case *c, const char *exact, gbl_err *err)
{
    double worst;
    char name[200];
    if (gbl_values_check(s->b, c, &worst, err)) return err->code;
    case_name(c, name, sizeof name);
    printf("count gbl_probe_%s flops=%.0f tile_flops=%.0f bytes=%.0f fma=%.0f loads=%.0f stores=%.0f aside=%.0f exact=%s # %s\n", c->kernel, c->flops,
           c->tile_flops, c->bytes, c->fma, c->loads, c->stores, c->aside, exact, name);
    fflush(stdout);
    return 0;
}

static int visit_small(void *to, const char *probe, const char *format, const int64_t *v, const char *exact, gbl_err *err)
{
    session *s = to;
    gbl_case c;
    int rows = gbl_backend_gemm_rows(s->b);
    if (!wanted(s->o, probe)) return 0;
    /* Every kernel of a product is checked, also those that this backend would not choose. */
    if (gbl_case_plan(&c, probe, format, v, s->o->check || s->o->count ? 12 : rows, err)) return err->code;
    return s->o->count ? count_case(s, &c, exact, err) : check_case(s, &c, s->o->check, err);
}

static int print_header(const session *s, gbl_err *err)
{
    gbl_json *j = gbl_json_new(0);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "gable", "probe/1");
    machine_json(s, j);
    gbl_json_int(j, "units", gbl_backend_units(s->b));
    gbl_json_int(j, "cache_bytes", (int64_t)gbl_backend_cache(s->b));
    gbl_json_end(j);
    print_json(j);
    return 0;
}

static int measure(session *s, gbl_err *err)
{
    if (gbl_case_each(1, visit_small, s, err)) return err->code; /* wrong kernels are not timed */
    if (s->o->header && print_header(s, err)) return err->code;
    s->n = 0;
    gbl_case_each(s->o->quick, visit_number, s, err);
    if (gbl_case_each(s->o->quick, visit_time, s, err)) return err->code;
    return wanted(s->o, "layers") ? gbl_stack_measure(s->b, s->o->quick, s->o->backend, s->date, err) : 0;
}

static int work(const options *o, gbl_err *err)
{
    time_t now = time(NULL);
    struct tm tm;
    session s = {.o = o};
    if (!(s.b = gbl_backend_open(o->backend, err))) return err->code;
    if (gmtime_r(&now, &tm)) strftime(s.date, sizeof s.date, "%Y-%m-%d", &tm);
    s.progress = gbl_progress_new("probe", GBL_PROGRESS_AUTO);
    int code;
    if (o->card) code = gbl_host_card(s.b, s.date, stdout, err);
    else if (o->check || o->count) code = gbl_case_each(1, visit_small, &s, err);
    else code = measure(&s, err);
    if (!code && o->check) printf("1..%d\n", s.n);
    gbl_progress_end(s.progress);
    gbl_backend_close(s.b);
    if (!code && s.failed) return GBL_EFAULT;
    return code;
}

int main(int n, char **arg)
{
    gbl_err err = {0};
    options o;
    char text[2400];
    int code = read_options(&o, n, arg, &err);
    if (!code && (o.help || o.list)) print_lists(&o);
    else if (!code) code = work(&o, &err);
    if (!code && fflush(stdout)) code = gbl_fail(&err, GBL_EFAULT, "cannot write the rows");
    if (code && err.code) {
        gbl_err_text(&err, text, sizeof text);
        fprintf(stderr, "gable-probe-host: %s", text);
    }
    return code;
}
