/* cmd_trace.c - gable trace: what one can do with a trace without an engine. `generate` has its own file. */
#include <inttypes.h>
#include <string.h>

#include "base/term.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/tracing.h"
#include "models/price.h"
#include "sim/hits.h"
#include "traces/trace.h"

/* ---------------------------------------------------------------- info ---- */

typedef struct info_opt {
    const char *format;
    int32_t json, prefix;
} info_opt;
enum { PREFIX_ON, PREFIX_OFF };

#define FLAG_FORMAT(T)                                                                                       \
    {                                                                                                        \
        .row = {.name = "format",                                                                            \
                .type = GBL_P_STR,                                                                           \
                .flags = GBL_P_NULLABLE,                                                                     \
                .offset = offsetof(T, format),                                                               \
                .dflt = "null",                                                                              \
                .help = "the trace's format, instead of telling it from the content; `gable list formats`"}, \
        .arg = "NAME"                                                                                        \
    }

static const gbl_flag info_flags[] = {FLAG_FORMAT(info_opt),
                                      {.row = {.name = "prefix",
                                               .type = GBL_P_CHOICE,
                                               .offset = offsetof(info_opt, prefix),
                                               .dflt = "\"on\"",
                                               .choices = "on|off",
                                               .help = "prefix statistics; their memory grows with the different blocks"},
                                       .arg = "on|off"},
                                      GBL_FLAG_JSON(info_opt, json), {.row = {.name = NULL}}};

static int info_print(const gbl_trace_info *info, int json, gbl_err *err)
{
    if (!json) {
        gbl_trace_info_print(info, stdout);
        return GBL_OK;
    }
    gbl_json *j = gbl_json_new(2);
    if (j) {
        gbl_json_obj(j, NULL);
        gbl_trace_info_json(info, j);
        gbl_json_end(j);
    }
    return gbl_output_json(j, err);
}

static int run_info(const gbl_call *call, gbl_err *err)
{
    const info_opt *o = call->opt;
    gbl_source *s = NULL;
    gbl_trace_info *info = NULL;
    int code = gbl_source_open_file(&s, call->arg[0], o->format, err);
    if (code) return code;
    code = o->prefix == PREFIX_ON ? gbl_trace_info_new(&info, s, err) : gbl_trace_info_short(&info, s, err);
    if (!code) {
        code = info_print(info, o->json, err);
        gbl_trace_info_free(info);
    }
    gbl_source_close(s);
    return code;
}

static const gbl_command info = {.name = "info",
                                 .operands = "FILE",
                                 .brief = "lengths, rates, burstiness and prefix sharing of a trace",
                                 .about = "Reads a trace to its end and describes it; every repaired or dropped row is "
                                          "counted. - is standard input; .gz and .zst are fine.",
                                 .example = {{"gable trace info traces/samples/chat.jsonl.gz", "a table"},
                                             {"gable trace info azure.csv --format azure --json",
                                              "one JSON object of a file whose format is named"}},
                                 .flags = info_flags,
                                 .opt_size = sizeof(info_opt),
                                 .least = 1,
                                 .most = 1,
                                 .run = run_info};

/* ---------------------------------------------------------------- hits ---- */

typedef struct hits_opt {
    const char *evict, *blocks, *format, *price, *cost;
    int64_t seed;
    int32_t json;
} hits_opt;

static const gbl_flag hits_flags[] = {
    {.row = {.name = "evict",
             .type = GBL_P_STR,
             .offset = offsetof(hits_opt, evict),
             .dflt = "\"lru\"",
             .help = "the eviction policy, with parameters as name{key=value,...}; `gable list policies`"},
     .arg = "POLICY"},
    {.row = {.name = "blocks",
             .type = GBL_P_STR,
             .offset = offsetof(hits_opt, blocks),
             .dflt = "\"inf\"",
             .unit = "blocks",
             .help = "capacity of the pool in the trace's own id blocks, or inf"},
     .arg = "N|inf"},
    {.row = {.name = "seed",
             .type = GBL_P_INT,
             .offset = offsetof(hits_opt, seed),
             .dflt = "1",
             .low = 0,
             .high = GBL_SEED_MOST,
             .help = "seed of a policy's draws (random, advice)"},
     .arg = "N"},
    {.row = {.name = "price",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(hits_opt, price),
             .dflt = "null",
             .help = "also what an API would ask for the trace, with its cache and without: a price card; `gable list cards`"},
     .arg = "CARD"},
    {.row = {.name = "cost",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(hits_opt, cost),
             .dflt = "null",
             .help = "ids differ in what computing them costs: two{low=1,high=100,share=0.5} gives each of them one of two, drawn by the seed"},
     .arg = "LAW"},
    FLAG_FORMAT(hits_opt),
    GBL_FLAG_JSON(hits_opt, json),
    {.row = {.name = NULL}}};

static int read_blocks(const char *text, int64_t *out, gbl_err *err)
{
    *out = -1;
    if (strcmp(text, "inf") == 0) return GBL_OK;
    /* Blocks have 32-bit ids. */
    if (gbl_text_int(text, strlen(text), out) == 0 && *out >= 1 && *out <= INT32_MAX) return GBL_OK;
    gbl_fail(err, GBL_EINPUT, "cannot use --blocks %s", text);
    gbl_where(err, "--blocks");
    return gbl_expected(err, "a whole number from 1 to %" PRId32 ", or inf", INT32_MAX);
}

static double share(int64_t part, int64_t whole)
{
    return whole ? (double)part / (double)whole : 0.0;
}

/* What an API asks: its cache has room for all and forgets a prefix some time after its last use, whatever --evict keeps. */
typedef struct bill {
    const char *card; /* NULL: nobody asked */
    struct {
        const char *name;
        double usd;
        int64_t read;
    } way[3];
} bill;

static int api_hits(const gbl_chains *c, const char *ttl, gbl_arena *a, int64_t *out, gbl_err *err)
{
    gbl_doc *spec = NULL;
    gbl_choice evict;
    gbl_hits h = {0};
    int code = gbl_spec_doc(&spec, "--price", ttl, err);
    if (!code) code = gbl_choice_bind(&evict, GBL_EVICT, gbl_doc_root(spec), "ttl", a, err);
    if (!code) code = gbl_hits_replay(&h, c, &evict, -1, 0, err);
    *out = h.hit_tokens;
    gbl_doc_free(spec);
    return code;
}

static int make_bill(bill *b, const gbl_chains *c, const char *card, gbl_arena *a, gbl_err *err)
{
    static const struct { const char *name, *ttl; } ways[] = {{"not cached", NULL}, {"5 minutes", "ttl{ttl_s=300}"}, {"1 hour", "ttl{ttl_s=3600}"}};
    gbl_price p;
    int64_t input = 0;
    int code = gbl_price_load(&p, card, NULL, a, err);
    const double write[] = {1, p.write_5m_share, p.write_1h_share};
    for (size_t i = 0; i < c->n_one; i++) input += c->one[i].input;
    b->card = card;
    for (int k = 0; k < 3 && !code; k++) {
        if (ways[k].ttl) code = api_hits(c, ways[k].ttl, a, &b->way[k].read, err);
        b->way[k].name = ways[k].name;
        b->way[k].usd = gbl_price_usd(&p, write[k], input, b->way[k].read, c->output);
    }
    return code;
}

static void bill_json(const bill *b, gbl_json *j)
{
    static const char *const key[] = {"not_cached", "cached_5m", "cached_1h"};
    gbl_json_obj(j, "api");
    gbl_json_str(j, "price", b->card);
    for (int k = 0; k < 3; k++) {
        gbl_json_obj(j, key[k]);
        gbl_json_num(j, "usd", b->way[k].usd);
        gbl_json_int(j, "read_tokens", b->way[k].read);
        gbl_json_end(j);
    }
    gbl_json_end(j);
}

static int bill_print(const bill *b, gbl_err *err)
{
    char read[32], title[160];
    snprintf(title, sizeof title, "asked by an API, %s", b->card);
    gbl_table *t = gbl_table_new(title);
    if (!t) return gbl_nomem(err, 0);
    gbl_table_columns(t, "kept after the last use", ">tokens read", ">USD", (const char *)NULL);
    for (int k = 0; k < 3; k++) {
        gbl_table_cell(t, "%s", b->way[k].name);
        gbl_table_cell(t, "%s", gbl_human_int(read, sizeof read, b->way[k].read));
        gbl_table_cell(t, "%.2f", b->way[k].usd);
    }
    putchar('\n');
    gbl_table_print(t, stdout);
    gbl_table_free(t);
    return GBL_OK;
}

static int hits_json(const gbl_hits *h, const char *policy, int costs, const bill *b, gbl_err *err)
{
    gbl_json *j = gbl_json_new(2);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "policy", policy);
    if (h->capacity_blocks < 0)
        gbl_json_null(j, "capacity_blocks");
    else
        gbl_json_int(j, "capacity_blocks", h->capacity_blocks);
    gbl_json_int(j, "hit_blocks", h->hit_blocks);
    gbl_json_int(j, "found_blocks", h->found_blocks);
    gbl_json_int(j, "total_blocks", h->total_blocks);
    gbl_json_int(j, "hit_tokens", h->hit_tokens);
    gbl_json_int(j, "total_tokens", h->total_tokens);
    gbl_json_num(j, "hit_ratio", share(h->hit_tokens, h->total_tokens));
    gbl_json_int(j, "requests", h->requests);
    gbl_json_int(j, "requests_any_hit", h->requests_any_hit);
    gbl_json_int(j, "evicted_blocks", h->evicted_blocks);
    if (costs) {
        gbl_json_num(j, "missed_cost", h->missed_cost);
        gbl_json_num(j, "total_cost", h->total_cost);
    }
    if (b->card) bill_json(b, j);
    gbl_json_end(j);
    return gbl_output_json(j, err);
}

static void hits_row(gbl_table *t, const char *what, int64_t hit, int64_t total)
{
    char a[32], b[32];
    gbl_table_cell(t, "%s", what);
    gbl_table_cell(t, "%s", gbl_human_int(a, sizeof a, hit));
    gbl_table_cell(t, "%s", gbl_human_int(b, sizeof b, total));
    gbl_table_cell(t, "%.2f %%", 100.0 * share(hit, total));
}

static int hits_print(const gbl_hits *h, const char *policy, int costs, const bill *b, gbl_err *err)
{
    char title[160], blocks[32], evicted[32];
    snprintf(title, sizeof title, "%s, %s blocks, %s evicted", policy,
             h->capacity_blocks < 0 ? "unbounded" : gbl_human_int(blocks, sizeof blocks, h->capacity_blocks),
             gbl_human_int(evicted, sizeof evicted, h->evicted_blocks));
    gbl_table *t = gbl_table_new(title);
    if (!t) return gbl_nomem(err, 0);
    gbl_table_columns(t, "prefix reuse", ">hit", ">of", ">share", (const char *)NULL);
    hits_row(t, "blocks", h->hit_blocks, h->total_blocks);
    hits_row(t, "tokens", h->hit_tokens, h->total_tokens);
    hits_row(t, "requests with a hit", h->requests_any_hit, h->requests);
    if (costs) hits_row(t, "cost", llround(h->total_cost - h->missed_cost), llround(h->total_cost));
    gbl_table_print(t, stdout);
    gbl_table_free(t);
    return b->card ? bill_print(b, err) : GBL_OK;
}

static int give_costs(gbl_chains *c, const char *law, uint64_t seed, gbl_err *err)
{
    gbl_doc *spec = NULL;
    int code = gbl_spec_doc(&spec, "--cost", law, err);
    if (!code) code = gbl_chains_costs(c, gbl_doc_root(spec), seed, err);
    if (code) gbl_spec_where(err, "--cost");
    gbl_doc_free(spec);
    return code;
}

static int run_hits(const gbl_call *call, gbl_err *err)
{
    const hits_opt *o = call->opt;
    int64_t blocks;
    gbl_doc *spec = NULL;
    gbl_source *s = NULL;
    gbl_choice evict;
    gbl_chains chains = {0};
    gbl_hits h = {0};
    bill asked = {0};
    int code = read_blocks(o->blocks, &blocks, err);
    if (!code) code = gbl_spec_doc(&spec, "--evict", o->evict, err);
    if (!code && (code = gbl_choice_bind(&evict, GBL_EVICT, gbl_doc_root(spec), "lru", call->arena, err)) != GBL_OK)
        gbl_spec_where(err, "--evict");
    if (!code) code = gbl_source_open_file(&s, call->arg[0], o->format, err);
    if (!code) code = gbl_chains_read(&chains, s, err);
    if (!code && o->cost) code = give_costs(&chains, o->cost, (uint64_t)o->seed, err);
    if (!code) code = gbl_hits_replay(&h, &chains, &evict, blocks, (uint64_t)o->seed, err);
    if (!code && o->price) code = make_bill(&asked, &chains, o->price, call->arena, err);
    if (!code) code = o->json ? hits_json(&h, evict.policy->name, o->cost != NULL, &asked, err) : hits_print(&h, evict.policy->name, o->cost != NULL, &asked, err);
    gbl_chains_fini(&chains);
    if (s) gbl_source_close(s);
    gbl_doc_free(spec);
    return code;
}

static const gbl_command hits = {
    .name = "hits",
    .operands = "FILE",
    .brief = "what an eviction policy would find again, without time",
    .about = "Replays the trace's prefix-block ids through one pool of KV blocks, request after request. A hit is a "
             "block of the leading "
             "run that is resident.",
    .example = {{"gable trace hits conversation.jsonl.gz --evict lru --blocks 10000", "LRU in 10,000 blocks"},
                {"gable trace hits conversation.jsonl.gz --blocks inf --price claude-sonnet-4", "the most that any policy can find, and what an API would ask"}},
    .flags = hits_flags,
    .opt_size = sizeof(hits_opt),
    .least = 1,
    .most = 1,
    .run = run_hits};

/* ---------------------------------------------------------------- convert ---- */

typedef struct convert_opt {
    const char *format, *out;
    int32_t to, json;
} convert_opt;

static const gbl_flag convert_flags[] = {FLAG_FORMAT(convert_opt),
                                         GBL_FLAG_TO(convert_opt, to),
                                         GBL_FLAG_OUT(convert_opt, out),
                                         GBL_FLAG_JSON(convert_opt, json),
                                         {.row = {.name = NULL}}};

static int run_convert(const gbl_call *call, gbl_err *err)
{
    const convert_opt *o = call->opt;
    gbl_source *s = NULL;
    gbl_trace_target to = {.out = o->out, .format = o->to, .json = o->json};
    int code = gbl_trace_target_check(&to, err);
    if (!code) code = gbl_source_open_file(&s, call->arg[0], o->format, err);
    if (!code) code = gbl_trace_deliver(s, &to, err);
    if (s) gbl_source_close(s);
    return code;
}

static const gbl_command convert = {
    .name = "convert",
    .operands = "FILE",
    .brief = "rewrite a trace in another format",
    .about = "Reads any format that `gable list formats` says can be read. Nothing is written unless the whole trace "
             "could be read; every "
             "repaired or dropped row is counted on stderr.",
    .example = {{"gable trace convert AzureLLMInferenceTrace_code.csv -o code.jsonl",
                 "Azure's CSV as Mooncake JSON lines"},
                {"gable trace convert chat.jsonl.gz --to azure > chat.csv", "the other way; prefix ids are lost"}},
    .flags = convert_flags,
    .opt_size = sizeof(convert_opt),
    .least = 1,
    .most = 1,
    .run = run_convert};

/* ---------------------------------------------------------------- trace ---- */

static const gbl_command *const subs[] = {&info, &hits, &gbl_cmd_trace_mrc, &gbl_cmd_trace_generate, &convert, &gbl_cmd_trace_shape, NULL};

const gbl_command gbl_cmd_trace = {
    .name = "trace",
    .operands = "info|hits|mrc|generate|convert|shape ...",
    .brief = "inspect, replay untimed, generate, convert and shape traces",
    .about = "A trace is a list of requests: arrival time, prompt tokens, output tokens, and the ids of its prompt's "
             "blocks where it has them.",
    .example = {{"gable trace info traces/samples/chat.jsonl.gz", "what is in it"},
                {"gable trace generate --requests 1000 --rate 5 > poisson.jsonl", "a synthetic one"}},
    .sub = subs};
