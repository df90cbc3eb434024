/* trace_write.c - a stream of requests as a file again. Mooncake JSON lines keep everything but sessions; Azure CSV has no
 * room for prefix ids. Both write times exactly, so that a file read back gives the same records. */
#include <inttypes.h>
#include <string.h>
#include "base/text.h"
#include "traces/trace.h"

enum { MOONCAKE, AZURE };

/* ns as "12" or "12.000345", of a unit that has `digits` decimals of ns below it. */
static void put_time(FILE *to, int64_t ns, int64_t unit, int digits)
{
    fprintf(to, "%" PRId64, ns / unit);
    int64_t rest = ns % unit;
    if (!rest) return;
    for (; rest % 10 == 0; rest /= 10) digits--;
    fprintf(to, ".%0*" PRId64, digits, rest);
}

static void put_mooncake(FILE *to, const gbl_record *r)
{
    fputs("{\"timestamp\": ", to);
    put_time(to, r->arrival_ns, 1000000, 6);
    fprintf(to, ", \"input_length\": %" PRId64 ", \"output_length\": %" PRId64, r->input, r->output);
    if (r->n_ids && r->id_tokens == 512) {
        fputs(", \"hash_ids\": [", to);
        for (int32_t i = 0; i < r->n_ids; i++) fprintf(to, "%s%" PRIu64, i ? ", " : "", r->ids[i]);
        fputc(']', to);
    }
    fputs("}\n", to);
}

/* Civil date of a day since 1970 (H. Hinnant, "chrono-compatible low-level date algorithms"). */
static void civil(int64_t day, int *y, int *m, int *d)
{
    day += 719468;
    int64_t era = day / 146097, doe = day - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *d = (int)(doy - (153 * mp + 2) / 5 + 1);
    *m = (int)(mp < 10 ? mp + 3 : mp - 9);
    *y = (int)(yoe + era * 400 + (*m <= 2));
}

/* The first request arrives at the start of 2000: a trace has no date. */
static void put_azure(FILE *to, const gbl_record *r)
{
    int y, m, d;
    int64_t s = r->arrival_ns / 1000000000, ns = r->arrival_ns % 1000000000;
    civil(s / 86400 + 10957, &y, &m, &d);
    int in_day = (int)(s % 86400);
    fprintf(to, "%04d-%02d-%02d %02d:%02d:%02d.", y, m, d, in_day / 3600, in_day / 60 % 60, in_day % 60);
    if (ns % 100) fprintf(to, "%09" PRId64, ns);
    else fprintf(to, "%07" PRId64, ns / 100);
    fprintf(to, ",%" PRId64 ",%" PRId64 "\n", r->input, r->output);
}

static int format_of(const char *format, gbl_err *err)
{
    static const char *const known[] = {"mooncake", "azure"};
    for (int i = 0; i < 2; i++)
        if (!strcmp(format, known[i])) return i;
    gbl_fail(err, GBL_EINPUT, "a trace cannot be written as \"%s\"", format);
    gbl_expected(err, "mooncake or azure");
    gbl_nearest(err, gbl_near(format, known, 2));
    return -1;
}

int64_t gbl_trace_write(gbl_source *s, const char *format, FILE *to, gbl_err *err)
{
    gbl_record r;
    int kind = format_of(format, err), got = 0;
    int64_t rows = 0;
    if (kind < 0) return -1;
    if (gbl_source_closed(s)) {
        gbl_fail(err, GBL_EINPUT, "a closed loop has no arrival times before it is run");
        gbl_expected(err, "open arrivals: poisson, deterministic, gamma, weibull or curve");
        return -1;
    }
    if (kind == AZURE) fputs("TIMESTAMP,ContextTokens,GeneratedTokens\n", to);
    while (!ferror(to) && (got = gbl_source_next(s, &r, err)) == 1) {
        if (kind == AZURE) put_azure(to, &r);
        else put_mooncake(to, &r);
        rows++;
    }
    if (got < 0) return -1;
    if (fflush(to) || ferror(to)) {
        gbl_fail(err, GBL_EINPUT, "the trace could not be written whole");
        return gbl_expected(err, "free space, in $TMPDIR or /tmp, too"), -1;
    }
    return rows;
}
