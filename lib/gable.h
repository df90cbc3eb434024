/* gable.h - gable as a library: scenarios, sweeps, stores and cards from any program.
 *
 *   gable_result *r;
 *   gable_error err;
 *   gable_document doc = {.path = "chat.json"};
 *   if (gable_run(&r, &doc, NULL, &err)) { char t[2400]; gable_error_text(&err, t, sizeof t); fputs(t, stderr); return err.code; }
 *   printf("%g ms\n", gable_result_number(r, "ttft_ms.p99"));
 *   gable_result_free(r);
 *
 * Build: cc mine.c $(pkg-config --cflags --libs gable), or with --static and libgable.a. Documents and answers are the JSON
 * texts of the `gable` program, byte for byte but for the times a machine took, so whatever explains the program
 * (`gable schema`, `gable explain`, README.md) explains this.
 *
 * Returns: 0, or what the program would exit with (gable_code), with `err` filled; NULL for err is allowed. On an error the
 * out-parameter is NULL. Texts handed out as `char **` belong to the caller, who frees them with gable_free.
 * Threads: no function keeps state outside its arguments. Any functions may run in any number of threads at once, two runs
 * side by side too; one gable_result or gable_store is used by one thread at a time. No signal handler is set, and the process
 * is never left (assertions end it: they are bugs). Nothing is printed, but a line on stderr while a store that another program
 * has locked is waited for. gable_sweep makes threads of its own and joins them.
 * Data: cards and samples are looked for in $GABLE_DATA, then beside the library (share/gable of its prefix), then beside
 * the program.
 * Versions: what is here stays as it is while GABLE_API is the same; a larger number may have more of it. Structs that may grow
 * begin with their size. Names that do not begin with gable_ are no part of this interface. */
#ifndef GABLE_H
#define GABLE_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define GABLE_API 1
int gable_api(void);             /* GABLE_API of the library that is linked */
const char *gable_version(void); /* "0.1.0" */

enum gable_code {
    GABLE_OK = 0,
    GABLE_FAULT = 1,       /* of gable's own, or no memory */
    GABLE_INPUT = 2,       /* bad input: the four texts say what, where, what was expected, and the nearest known name */
    GABLE_INTERRUPTED = 130 /* *cancel was set */
};
typedef struct gable_error {
    int code;
    char what[512], where[1024], expected[512], nearest[256]; /* "" for none; UTF-8, one line each */
} gable_error;
/* The message in one to four lines, each ended; returns its length by snprintf's rule. */
int gable_error_text(const gable_error *e, char *out, size_t size);

void gable_free(void *text); /* NULL allowed */
/* The folder of cards and samples that is used; GABLE_INPUT where there is none. */
int gable_data_folder(char **out, gable_error *err);

/* A document, by exactly one of both. Relative paths in a file are looked up beside it, then in the current folder; those in
 * a text in the current folder; then among the shipped files. A NULL document, or neither, is the shipped default scenario. */
typedef struct gable_document {
    const char *path;
    const char *text; /* JSON */
} gable_document;

enum gable_keep { GABLE_KEEP_SAMPLE, GABLE_KEEP_NONE, GABLE_KEEP_ALL }; /* SAMPLE: at most 1,000, drawn by the seed */
typedef struct gable_options {
    size_t size;            /* sizeof(gable_options); what is beyond it counts as 0 */
    const char *const *set; /* n_set texts "a.b=value", applied in order: one key of the scenario each */
    size_t n_set;
    const volatile int *cancel; /* as soon as it is not 0 the call ends with GABLE_INTERRUPTED; NULL: never */
    const char *db;             /* SQLite store that keeps the run or the points; NULL: nothing is written */
    int32_t keep;               /* enum gable_keep: which requests it keeps */
    /* gable_run alone */
    int32_t exact;           /* recompute every aggregate at every step: slower, the same answer to the last bit */
    int32_t itl_per_request; /* inter-token latency as one mean a request */
    int32_t requests;        /* 1: gable_result_requests has them, about 200 bytes each */
    int32_t timeline;        /* 1: gable_result_timeline has it */
    /* gable_sweep alone */
    int32_t jobs;             /* runs at a time; 0: one a core. Answers do not hang on it */
    int32_t resume;           /* simulate only what `db` does not hold yet */
    int32_t shard, of_shards; /* only each of_shards-th point, from the shard-th (1 to of_shards), in a store with a
                               * rollback journal; of_shards 0: all */
} gable_options;

/* ---------------------------------------------------------------- one simulation ---- */

typedef struct gable_result gable_result;
/* options NULL: none. */
int gable_run(gable_result **out, const gable_document *scenario, const gable_options *options, gable_error *err);
void gable_result_free(gable_result *r); /* NULL allowed */
/* The object of `gable run --json`. All that a result hands out is borrowed from it. */
const char *gable_result_json(const gable_result *r);
double gable_result_number(const gable_result *r, const char *name); /* "ttft_ms.p99"; NaN: unknown, or no samples */
int64_t gable_result_run(const gable_result *r);                     /* its number in the store, 0: kept nowhere */

/* Where a completed request's time went; the parts add up to finish_ns - arrival_ns. */
enum gable_part {
    GABLE_PART_FRONTEND, GABLE_PART_QUEUE, GABLE_PART_PREFILL_SM, GABLE_PART_PREFILL_HBM, GABLE_PART_PREFILL_LINK,
    GABLE_PART_PREFILL_HOST, GABLE_PART_DECODE_SM, GABLE_PART_DECODE_HBM, GABLE_PART_DECODE_LINK, GABLE_PART_DECODE_HOST,
    GABLE_PART_TRANSFER, GABLE_PART_PREEMPT, GABLE_PARTS
};
const char *gable_part_name(int part); /* "prefill_sm"; NULL: no such part */
enum gable_status { GABLE_COMPLETED, GABLE_REJECTED, GABLE_UNFINISHED };
typedef struct gable_request {
    int64_t serial, session;        /* in order of arrival; -1: no session */
    int64_t input, output, cached;  /* tokens: prompt, answer, prompt tokens found in the cache */
    int64_t arrival_ns, scheduled_ns, first_token_ns, finish_ns; /* simulated; -1: never */
    int64_t part_ns[GABLE_PARTS];   /* zeros unless completed */
    int32_t turn, tenant, replica, preemptions, status; /* status: enum gable_status */
} gable_request;
/* In order of arrival; NULL and 0 unless asked for. */
const gable_request *gable_result_requests(const gable_result *r, size_t *n);

enum { GABLE_RESOURCES = 9 }; /* sm, hbm, pcie_h2d, pcie_d2h, nvlink, dram, ssd, network, host: as in `util` of the JSON */
typedef struct gable_sample {
    int64_t t_ns, running, waiting, used_blocks; /* requests, requests, KV blocks, just after that instant */
    double busy_us[GABLE_RESOURCES];             /* how long each was busy since the replica's previous sample */
    int32_t replica;
} gable_sample;
/* About a thousand instants, a row a replica, in order of time; NULL and 0 unless asked for. */
const gable_sample *gable_result_timeline(const gable_result *r, size_t *n);

/* ---------------------------------------------------------------- documents and sweeps ---- */

/* The scenario with every default filled in, as JSON; checks it as a run would, without running. */
int gable_scenario(char **json, const gable_document *scenario, const gable_options *options, gable_error *err);
/* {"use": name, every parameter} of a policy, with those of `parameters` (a JSON object; NULL: none) put in. An unknown
 * family, policy or parameter is refused with the nearest name, a value out of its range with the range. */
int gable_policy(char **json, const char *family, const char *name, const char *parameters, gable_error *err);
/* The array of `gable sweep --json`, in point order. With `db` a point is kept as soon as it is done. */
int gable_sweep(char **json, const gable_document *sweep, const gable_options *options, gable_error *err);

/* ---------------------------------------------------------------- what there is ---- */

int gable_list(char **json, const char *kind, gable_error *err); /* kind NULL: all but the files of the cards */
int gable_explain(char **json, const char *name, gable_error *err);
int gable_schema(char **json, const char *kind, gable_error *err);
/* `gable model --json`, with a member `warning` where the program would have one. `ask`: {"llm": "llama-3.1-8b",
 * "hardware": ..., "tp": ..., "batch": ..., ...}, the flags' names with _. */
int gable_model(char **json, const char *ask, gable_error *err);

/* ---------------------------------------------------------------- stores ---- */

typedef struct gable_store gable_store;
enum gable_rows { GABLE_JSON, GABLE_JSONL, GABLE_CSV };
int gable_store_open(gable_store **out, const char *path, gable_error *err); /* for reading; the file must be there */
/* The rows of one reading statement of SQL. */
int gable_store_query(char **text, gable_store *s, const char *sql, enum gable_rows rows, gable_error *err);
void gable_store_close(gable_store *s); /* NULL allowed */

#ifdef __cplusplus
}
#endif
#endif
