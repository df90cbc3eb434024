/* trace_write.c - a stream of requests as a file again. Mooncake JSON lines keep prefix ids, in blocks of 512 tokens; the CSV formats
 * have no room for them, and none keeps sessions. Times are written exactly, so that a file read back gives the same records. */
#include <inttypes.h>
#include <string.h>
#include "base/text.h"
#include "traces/trace.h"

enum { MOONCAKE, AZURE, VIDUR, BURSTGPT, LLMSERVINGSIM, FORMATS };
enum { BLOCK_TOKENS = 512 };

/* ns as "12" or "12.000345", of a unit that has `digits` decimals of ns below it. */
static void put_time(FILE *to, int64_t ns, int64_t unit, int digits)
{
    fprintf(to, "%" PRId64, ns / unit);
    int64_t rest = ns % unit;
    if (!rest) return;
    for (; rest % 10 == 0; rest /= 10) digits--;
    fprintf(to, ".%0*" PRId64, digits, rest);
}

/* Ids are chained: that of a finer block at the end of a 512-token one stands for the whole of it. */
static void put_ids(FILE *to, const gbl_record *r)
{
    if (!r->n_ids || BLOCK_TOKENS % r->id_tokens) return;
    int32_t per = BLOCK_TOKENS / r->id_tokens;
    fputs(", \"hash_ids\": [", to);
    for (int32_t k = 0; k < r->n_ids; k += per)
        fprintf(to, "%s%" PRIu64, k ? ", " : "", r->ids[k + per <= r->n_ids ? k + per - 1 : r->n_ids - 1]);
    fputc(']', to);
}

static void put_mooncake(FILE *to, const gbl_record *r)
{
    fputs("{\"timestamp\": ", to);
    put_time(to, r->arrival_ns, 1000000, 6);
    fprintf(to, ", \"input_length\": %" PRId64 ", \"output_length\": %" PRId64, r->input, r->output);
    put_ids(to, r);
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

static void put_plain(FILE *to, const gbl_record *r, const char *between, const char *end)
{
    put_time(to, r->arrival_ns, 1000000000, 9);
    fprintf(to, "%s%" PRId64 ",%" PRId64 "%s", between, r->input, r->output, end);
}

static void put_burstgpt(FILE *to, const gbl_record *r)
{
    char end[64];
    snprintf(end, sizeof end, ",%" PRId64 ",trace\n", r->input + r->output);
    put_plain(to, r, ",model,", end);
}

static void put_row(FILE *to, int kind, const gbl_record *r)
{
    switch (kind) {
    case MOONCAKE: put_mooncake(to, r); break;
    case AZURE: put_azure(to, r); break;
    case VIDUR: put_plain(to, r, ",", "\n"); break;
    case BURSTGPT: put_burstgpt(to, r); break;
    default: fprintf(to, "{\"input_toks\": %" PRId64 ", \"output_toks\": %" PRId64 ", \"arrival_time_ns\": %" PRId64 "}\n", r->input, r->output, r->arrival_ns);
    }
}

static int format_of(const char *format, gbl_err *err)
{
    static const char *const known[FORMATS] = {"mooncake", "azure", "vidur", "burstgpt", "llmservingsim"};
    for (int i = 0; i < FORMATS; i++)
        if (!strcmp(format, known[i])) return i;
    gbl_fail(err, GBL_EINPUT, "a trace cannot be written as \"%s\"", format);
    gbl_expected(err, "mooncake, azure, vidur, burstgpt or llmservingsim");
    gbl_nearest(err, gbl_near(format, known, FORMATS));
    return -1;
}

static void count_lost(gbl_trace_lost *lost, int kind, const gbl_record *r)
{
    lost->turns += r->session >= 0 && r->turn > 0;
    if (!r->n_ids) return;
    if (kind != MOONCAKE || BLOCK_TOKENS % r->id_tokens) lost->ids++;
    else if (r->id_tokens != BLOCK_TOKENS) lost->coarse_ids++;
}

int64_t gbl_trace_write(gbl_source *s, const char *format, FILE *to, gbl_trace_lost *lost, gbl_err *err)
{
    gbl_trace_lost unheard;
    if (!lost) lost = &unheard;
    *lost = (gbl_trace_lost){0};
    gbl_record r;
    int kind = format_of(format, err), got = 0;
    int64_t rows = 0;
    if (kind < 0) return -1;
    if (gbl_source_closed(s)) {
        gbl_fail(err, GBL_EINPUT, "a closed loop has no arrival times before it is run");
        gbl_expected(err, "open arrivals, such as poisson, gamma, bursts or curve");
        return -1;
    }
    static const char *const header[FORMATS] = {[AZURE] = "TIMESTAMP,ContextTokens,GeneratedTokens\n", [VIDUR] = "arrived_at,num_prefill_tokens,num_decode_tokens\n",
                                                [BURSTGPT] = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"};
    if (header[kind]) fputs(header[kind], to);
    while (!ferror(to) && (got = gbl_source_next(s, &r, err)) == 1) {
        put_row(to, kind, &r);
        count_lost(lost, kind, &r);
        rows++;
    }
    if (got < 0) return -1;
    if (fflush(to) || ferror(to)) {
        gbl_fail(err, GBL_EINPUT, "the trace could not be written whole");
        return gbl_expected(err, "free space, in $TMPDIR or /tmp, too"), -1;
    }
    return rows;
}
