/* cmd_trace_shape.c - gable trace shape: a trace cut to a window, thinned, made faster, capped, spread, joined with another. */
#include <string.h>

#include "cli/output.h"
#include "cli/tracing.h"
#include "traces/shape.h"

typedef struct shape_opt {
    gbl_shape how;
    const char *format, *out;
    int64_t seed;
    int32_t to, json;
} shape_opt;

#define REAL(NAME, FIELD, DFLT, LOW, HIGH, UNIT, HELP) \
    {.row = {.name = NAME, .type = GBL_P_REAL, .flags = GBL_P_NULLABLE, .offset = offsetof(shape_opt, how.FIELD), .dflt = DFLT, .low = LOW, .high = HIGH, .unit = UNIT, .help = HELP}, .arg = "X"}
#define COUNT(NAME, FIELD, DFLT, HIGH, UNIT, HELP) \
    {.row = {.name = NAME, .type = GBL_P_INT, .offset = offsetof(shape_opt, FIELD), .dflt = DFLT, .low = 0, .high = HIGH, .unit = UNIT, .help = HELP}, .arg = "N"}

static const gbl_flag flags[] = {
    {.row = {.name = "merge", .type = GBL_P_STR, .flags = GBL_P_NULLABLE, .offset = offsetof(shape_opt, how.merge), .dflt = "null",
             .help = "another trace, joined by arrival time; its block ids are made different"},
     .arg = "FILE"},
    REAL("from", from_s, "null", 0, 1e9, "s", "drop what arrives earlier; this instant becomes 0"),
    REAL("until", until_s, "null", 0, 1e9, "s", "drop what arrives then or later"),
    REAL("keep", keep, "1.0", 0, 1, "share", "of the sessions, or requests without session, that stays, drawn by --seed"),
    REAL("rate-scale", rate_scale, "1.0", 1e-6, 1e6, NULL, "requests come so many times as fast"),
    COUNT("cap-input", how.cap_input, "0", 1e9, "tokens", "cut longer prompts to this; 0: none"),
    COUNT("cap-output", how.cap_output, "0", 1e9, "tokens", "cut longer outputs to this; 0: none"),
    REAL("spread", spread_s, "0.0", 0, 1e6, "s", "spread the requests of one instant over so long, drawn by --seed: 3 for Mooncake's grid"),
    COUNT("limit", how.limit, "0", 1e15, "requests", "stop after so many; 0: all"),
    COUNT("seed", seed, "1", GBL_SEED_MOST, NULL, "seed of the draws"),
    {.row = {.name = "format", .type = GBL_P_STR, .flags = GBL_P_NULLABLE, .offset = offsetof(shape_opt, format), .dflt = "null",
             .help = "the trace's format, instead of telling it from the content"},
     .arg = "NAME"},
    GBL_FLAG_TO(shape_opt, to),
    GBL_FLAG_OUT(shape_opt, out),
    GBL_FLAG_JSON(shape_opt, json),
    {.row = {.name = NULL}}};

/* What was done stands beside the file, for the file has no place for it; without a file it is said on stderr. */
static int record(const gbl_call *call, const gbl_shape *how, const char *out, gbl_err *err)
{
    if (out && !strcmp(out, "-")) out = NULL;
    gbl_json *j = gbl_json_new(out ? 2 : 0);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "of", call->arg[0]);
    gbl_shape_json(how, j);
    gbl_json_end(j);
    const char *text = gbl_json_text(j);
    int code = text ? 0 : gbl_nomem(err, 0);
    if (!code && !out) gbl_output_note("shaped: %s", text);
    else if (!code) {
        const char *path = gbl_arena_printf(call->arena, "%s.shape.json", out);
        FILE *spool = path ? gbl_spool_new(err) : NULL;
        code = spool ? 0 : err->code ? err->code : gbl_nomem(err, 0);
        if (spool) {
            fprintf(spool, "%s\n", text);
            code = gbl_spool_deliver(spool, path, err);
        }
    }
    gbl_json_free(j);
    return code;
}

static int open_both(gbl_source **s, const char *file, const shape_opt *o, const gbl_shape *how, gbl_err *err)
{
    gbl_source *other = NULL;
    int code = gbl_source_open_file(s, file, o->format, err);
    if (!code && how->merge) code = gbl_source_open_file(&other, how->merge, NULL, err);
    return code ? code : gbl_source_shape(*s, how, other, err);
}

static int run(const gbl_call *call, gbl_err *err)
{
    const shape_opt *o = call->opt;
    gbl_shape how = o->how;
    gbl_source *s = NULL;
    gbl_trace_target to = {.out = o->out, .format = o->to, .json = o->json};
    how.seed = (uint64_t)o->seed;
    int code = gbl_trace_target_check(&to, err);
    if (!code && how.merge && !strcmp(how.merge, "-") && !strcmp(call->arg[0], "-")) {
        gbl_fail(err, GBL_EINPUT, "standard input cannot be both traces");
        code = gbl_where(err, "--merge");
    }
    if (!code) code = open_both(&s, call->arg[0], o, &how, err);
    if (!code) code = gbl_trace_deliver(s, &to, err);
    if (!code) code = record(call, &how, o->out, err);
    if (s) gbl_source_close(s);
    return code;
}

const gbl_command gbl_cmd_trace_shape = {
    .name = "shape",
    .operands = "FILE",
    .brief = "cut, thin, scale, cap, spread or join traces",
    .about = "Steps are done in the order of the flags in this list. What was done, with its seed, is written to FILE.shape.json beside -o FILE, "
             "or to stderr.",
    .example = {{"gable trace shape conversation.jsonl.gz --spread 3 --from 600 --until 1200 -o ten_minutes.jsonl", "ten minutes, off their 3 s grid"},
                {"gable trace shape code.csv --merge chat.jsonl --keep 0.5 --rate-scale 4 > mixed.jsonl", "half of two traces, four times as fast"}},
    .flags = flags,
    .opt_size = sizeof(shape_opt),
    .least = 1,
    .most = 1,
    .run = run};
