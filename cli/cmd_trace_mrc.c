/* cmd_trace_mrc.c - gable trace mrc: what LRU would find at every capacity, from one pass over the trace. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/term.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/tracing.h"
#include "sim/mrc.h"

typedef struct mrc_opt {
    const char *blocks, *format;
    double sample;
    int32_t evict, json;
} mrc_opt;
static const char *const orders[] = {"lru", "lru_tail"};

static const gbl_flag flags[] = {
    {.row = {.name = "evict",
             .type = GBL_P_CHOICE,
             .offset = offsetof(mrc_opt, evict),
             .dflt = "\"lru\"",
             .choices = "lru|lru_tail",
             .help = "the policy: a chain is touched from its head, or from its tail"},
     .arg = "POLICY"},
    {.row = {.name = "blocks",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(mrc_opt, blocks),
             .dflt = "null",
             .unit = "blocks",
             .help = "capacities to print; otherwise 1, 2 and 5 times each power of ten that matters, and inf"},
     .arg = "N,N,..."},
    {.row = {.name = "sample",
             .type = GBL_P_REAL,
             .offset = offsetof(mrc_opt, sample),
             .dflt = "1",
             .low = 1e-6,
             .high = 1,
             .unit = "share",
             .help = "follow this share of the block ids (SHARDS); 1 is exact"},
     .arg = "R"},
    {.row = {.name = "format",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(mrc_opt, format),
             .dflt = "null",
             .help = "the trace's format, instead of telling it from the content; `gable list formats`"},
     .arg = "NAME"},
    GBL_FLAG_JSON(mrc_opt, json),
    {.row = {.name = NULL}}};

enum { MOST_SIZES = 64 };
typedef struct sizes {
    int64_t at[MOST_SIZES]; /* INT64_MAX: unbounded */
    size_t n;
} sizes;

static int bad_sizes(const char *text, gbl_err *err)
{
    gbl_fail(err, GBL_EINPUT, "cannot use --blocks %s", text);
    gbl_where(err, "--blocks");
    return gbl_expected(err, "up to %d numbers from 1 to %" PRId32 ", or inf, with commas between", MOST_SIZES, INT32_MAX);
}

static int read_sizes(const char *text, sizes *out, gbl_err *err)
{
    for (const char *at = text;; at++) {
        size_t len = strcspn(at, ",");
        int64_t v = INT64_MAX;
        int inf = len == 3 && memcmp(at, "inf", 3) == 0;
        if (out->n == MOST_SIZES || (!inf && (gbl_text_int(at, len, &v) != 0 || v < 1 || v > INT32_MAX)))
            return bad_sizes(text, err);
        out->at[out->n++] = v;
        at += len;
        if (!*at) return GBL_OK;
    }
}

/* From a hundredth of the blocks that LRU needs to find all, or so, up to all of them. */
static void usual_sizes(const gbl_mrc_facts *know, sizes *out)
{
    static const int64_t step[] = {1, 2, 5};
    for (int64_t ten = 1; ten <= 1000000000; ten *= 10)
        for (int i = 0; i < 3; i++) {
            int64_t v = step[i] * ten;
            if ((double)v * 1000 >= know->unique_blocks && (double)v < know->unique_blocks) out->at[out->n++] = v;
        }
    out->at[out->n++] = INT64_MAX;
}

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

/* ---------------------------------------------------------------- JSON ---- */

static void json_reach(const gbl_mrc_facts *know, gbl_json *j)
{
    gbl_json_arr(j, "reuse_distance");
    for (int k = 0; k < GBL_MRC_REACH; k++) {
        if (know->reach[k] == 0) continue;
        gbl_json_obj(j, NULL);
        gbl_json_num(j, "low", k ? ldexp(1, k - 1) : 0);
        gbl_json_num(j, "high", ldexp(1, k) - 1);
        gbl_json_num(j, "uses", know->reach[k]);
        gbl_json_end(j);
    }
    gbl_json_end(j);
}

static void json_lives(const gbl_mrc_facts *know, gbl_json *j)
{
    gbl_json_arr(j, "lifetime");
    for (int k = 0; k < GBL_MRC_LIVES; k++) {
        gbl_json_obj(j, NULL);
        if (isinf(gbl_mrc_life_s(k)))
            gbl_json_null(j, "most_s");
        else
            gbl_json_num(j, "most_s", gbl_mrc_life_s(k));
        gbl_json_num(j, "blocks", know->lives[k]);
        gbl_json_end(j);
    }
    gbl_json_end(j);
}

static void json_curve(const gbl_mrc *m, const sizes *at, gbl_json *j)
{
    const gbl_mrc_facts *know = gbl_mrc_know(m);
    gbl_json_arr(j, "curve");
    for (size_t i = 0; i < at->n; i++) {
        double blocks, tokens;
        gbl_mrc_at(m, at->at[i], &blocks, &tokens);
        gbl_json_obj(j, NULL);
        if (at->at[i] == INT64_MAX)
            gbl_json_null(j, "capacity_blocks");
        else
            gbl_json_int(j, "capacity_blocks", at->at[i]);
        gbl_json_num(j, "hit_blocks", blocks);
        gbl_json_num(j, "hit_tokens", tokens);
        gbl_json_num(j, "hit_ratio", share(tokens, (double)know->total_tokens));
        gbl_json_num(j, "miss_ratio", 1 - share(tokens, (double)know->total_tokens));
        gbl_json_end(j);
    }
    gbl_json_end(j);
}

static int print_json(const gbl_mrc *m, const sizes *at, const mrc_opt *o, gbl_err *err)
{
    const gbl_mrc_facts *know = gbl_mrc_know(m);
    gbl_json *j = gbl_json_new(2);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "policy", orders[o->evict]);
    gbl_json_num(j, "sample", know->sample);
    gbl_json_int(j, "requests", know->requests);
    gbl_json_int(j, "total_blocks", know->total_blocks);
    gbl_json_int(j, "total_tokens", know->total_tokens);
    gbl_json_num(j, "unique_blocks", know->unique_blocks);
    gbl_json_num(j, "first_uses", know->cold);
    json_curve(m, at, j);
    json_reach(know, j);
    json_lives(know, j);
    gbl_json_end(j);
    return gbl_output_json(j, err);
}

/* ---------------------------------------------------------------- text ---- */

enum { BAR = 40 };

static const char *bar(double of_one)
{
    static const char full[BAR + 1] = "########################################";
    int n = (int)(of_one * BAR + 0.5);
    return full + BAR - (n < 0 ? 0 : n > BAR ? BAR : n);
}

static int text_curve(const gbl_mrc *m, const sizes *at, const mrc_opt *o, gbl_err *err)
{
    const gbl_mrc_facts *know = gbl_mrc_know(m);
    char title[200], blocks[32], unique[32], some[48] = "";
    if (know->sample < 1) snprintf(some, sizeof some, ", estimated from %g of the ids", know->sample);
    snprintf(title, sizeof title, "%s, %s block uses, %s different blocks%s", orders[o->evict],
             gbl_human_int(blocks, sizeof blocks, know->total_blocks),
             gbl_human_int(unique, sizeof unique, (int64_t)(know->unique_blocks + 0.5)), some);
    gbl_table *t = gbl_table_new(title);
    if (!t) return gbl_nomem(err, 0);
    gbl_table_columns(t, ">capacity", ">blocks hit", ">tokens hit", ">missed", "tokens missed", (const char *)NULL);
    for (size_t i = 0; i < at->n; i++) {
        double hit, tokens;
        gbl_mrc_at(m, at->at[i], &hit, &tokens);
        double miss = 1 - share(tokens, (double)know->total_tokens);
        gbl_table_cell(t, "%s", at->at[i] == INT64_MAX ? "inf" : gbl_human_int(blocks, sizeof blocks, at->at[i]));
        gbl_table_cell(t, "%s", gbl_human_int(unique, sizeof unique, (int64_t)(hit + 0.5)));
        gbl_table_cell(t, "%.2f %%", 100 * (1 - miss));
        gbl_table_cell(t, "%.2f %%", 100 * miss);
        gbl_table_cell(t, "%s", bar(miss));
    }
    gbl_table_print(t, stdout);
    gbl_table_free(t);
    return GBL_OK;
}

static int text_reach(const gbl_mrc_facts *know, gbl_err *err)
{
    char low[32], uses[32];
    double most = know->cold;
    for (int k = 0; k < GBL_MRC_REACH; k++)
        if (know->reach[k] > most) most = know->reach[k];
    gbl_table *t = gbl_table_new("how many other blocks are used between two uses of a block");
    if (!t) return gbl_nomem(err, 0);
    gbl_table_columns(t, ">from", ">uses", "share of the largest", (const char *)NULL);
    for (int k = 0; k < GBL_MRC_REACH; k++) {
        if (know->reach[k] == 0) continue;
        gbl_table_cell(t, "%s", gbl_human_int(low, sizeof low, k ? (int64_t)1 << (k - 1) : 0));
        gbl_table_cell(t, "%s", gbl_human_int(uses, sizeof uses, (int64_t)(know->reach[k] + 0.5)));
        gbl_table_cell(t, "%s", bar(share(know->reach[k], most)));
    }
    gbl_table_cell(t, "first use");
    gbl_table_cell(t, "%s", gbl_human_int(uses, sizeof uses, (int64_t)(know->cold + 0.5)));
    gbl_table_cell(t, "%s", bar(share(know->cold, most)));
    gbl_table_print(t, stdout);
    gbl_table_free(t);
    return GBL_OK;
}

static int text_lives(const gbl_mrc_facts *know, gbl_err *err)
{
    char blocks[32];
    gbl_table *t = gbl_table_new("how long a block is used: from its first use to its last");
    if (!t) return gbl_nomem(err, 0);
    gbl_table_columns(t, ">up to", ">blocks", ">share", "", (const char *)NULL);
    for (int k = 0; k < GBL_MRC_LIVES; k++) {
        double s = gbl_mrc_life_s(k), part = share(know->lives[k], know->unique_blocks);
        if (isinf(s))
            gbl_table_cell(t, "longer");
        else
            gbl_table_cell(t, "%.0f s", s);
        gbl_table_cell(t, "%s", gbl_human_int(blocks, sizeof blocks, (int64_t)(know->lives[k] + 0.5)));
        gbl_table_cell(t, "%.2f %%", 100 * part);
        gbl_table_cell(t, "%s", bar(part));
    }
    gbl_table_print(t, stdout);
    gbl_table_free(t);
    return GBL_OK;
}

static int print_text(const gbl_mrc *m, const sizes *at, const mrc_opt *o, gbl_err *err)
{
    int code = text_curve(m, at, o, err);
    putchar('\n');
    if (!code) code = text_reach(gbl_mrc_know(m), err);
    putchar('\n');
    return code ? code : text_lives(gbl_mrc_know(m), err);
}

/* ---------------------------------------------------------------- the command ---- */

static int run(const gbl_call *call, gbl_err *err)
{
    const mrc_opt *o = call->opt;
    gbl_source *s = NULL;
    gbl_mrc *m = NULL;
    sizes at = {.n = 0};
    int code = o->blocks ? read_sizes(o->blocks, &at, err) : GBL_OK;
    if (!code) code = gbl_source_open_file(&s, call->arg[0], o->format, err);
    if (!code) code = gbl_mrc_new(&m, s, o->sample, o->evict == 1, err);
    if (!code && !at.n) usual_sizes(gbl_mrc_know(m), &at);
    if (!code) code = o->json ? print_json(m, &at, o, err) : print_text(m, &at, o, err);
    gbl_mrc_free(m);
    if (s) gbl_source_close(s);
    return code;
}

const gbl_command gbl_cmd_trace_mrc = {
    .name = "mrc",
    .operands = "FILE",
    .brief = "the miss-ratio curve of a trace: what LRU would find at every capacity",
    .about = "One pass by stack distances gives the hits of `trace hits --evict lru` at every capacity at once, and how far "
             "apart and how long blocks are used. --sample follows a share of the ids, for traces that do not fit.",
    .example = {{"gable trace mrc conversation.jsonl.gz", "curve and histograms"},
                {"gable trace mrc conversation.jsonl.gz --blocks 1000,10000,inf --sample 0.1 --json",
                 "three capacities, estimated from a tenth of the ids"}},
    .flags = flags,
    .opt_size = sizeof(mrc_opt),
    .least = 1,
    .most = 1,
    .run = run};
