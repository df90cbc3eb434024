/* kernels_rows.h - measured times of single kernels: read from CSV files or a store, checked, and put beside the model.
 *
 * The operator class of a CSV file is told by its columns; further columns are welcome and not read. Times in microseconds.
 *   gemm        dtype, m, n, k, latency_us [, copies]             activations m x k, weights k x n
 *   prefill     batch_size, isl [, prefix_len], num_heads, num_kv_heads, head_dim [, kv_cache_dtype, window_size], latency_us
 *   decode      batch_size, kv_len, num_heads, num_kv_heads, head_dim [, kv_cache_dtype, window_size, cold], latency_us
 *   moe         [dtype,] num_tokens, hidden_size, inter_size, topk, num_experts [, moe_tp_size, moe_ep_size, distribution], latency_us
 *   all_reduce  num_gpus, message_bytes, latency_us [, op, mode]
 *   stream      moved_bytes (read and written), latency_us [, arrays]
 *   host_copy   copied_bytes, pieces, to_host, latency_us         pinned memory
 * Heads and experts are those of one GPU in attention, those of the whole layer in moe. A file of JSON lines holds rows of
 * gable-probe (probe_rows.h).
 *
 * What no row may teach is left out by rule, and counted (gbl_krows.rule):
 *   - working sets that stay in L2 between repetitions: GEMM with copies x weights below 2 x L2 (copies: weight matrices that
 *     the benchmark cycles through, 6 where not said); decode with KV between 2 MB and 2 x L2 (below it launches are all), unless caches
 *     were emptied before each repetition (cold = 1)
 *   - fp8_block products: such tables are timed without a CUDA graph, launches included
 *   - formats and windows that the formulas of kernels.h have no parameters for
 *   - experts over several GPUs (moe_ep_size > 1): what a rank gets hangs on the routing
 *   - copies on the device that stay in L2, like decode
 *   - rows that a probe calls noisy or whose interval is, and bodies that run everywhere where it has a kernel made for the machine, of the same format
 *   - collectives other than all_reduce, and modes that are not "graph" (eager: host launches; nccl-tests: another kernel)
 * Rows of the same shape are merged into their geometric mean; farther apart than a factor of 2 they contradict each other. */
#ifndef GBL_KERNELS_ROWS_H
#define GBL_KERNELS_ROWS_H
#include "models/kernels.h"

enum gbl_kclass { GBL_KC_GEMM, GBL_KC_PREFILL, GBL_KC_DECODE, GBL_KC_MOE, GBL_KC_REDUCE, GBL_KC_STREAM, GBL_KC_HOST, GBL_KC_N };
enum { GBL_KV_MOST = 8 };
/* Values of a row, by class. */
enum { GBL_KG_M, GBL_KG_N, GBL_KG_K, GBL_KG_COPIES };
enum { GBL_KA_BATCH, GBL_KA_LEN, GBL_KA_PREFIX, GBL_KA_HEADS, GBL_KA_KV_HEADS, GBL_KA_DIM, GBL_KA_COLD };
enum { GBL_KM_TOKENS, GBL_KM_HIDDEN, GBL_KM_INTER, GBL_KM_TOPK, GBL_KM_EXPERTS, GBL_KM_TP, GBL_KM_EP, GBL_KM_SKEW };
enum { GBL_KR_GPUS, GBL_KR_BYTES };
enum { GBL_KS_BYTES, GBL_KS_ARRAYS };
enum { GBL_KH_BYTES, GBL_KH_PIECES, GBL_KH_TO_HOST };

typedef struct gbl_krow {
    double v[GBL_KV_MOST];
    double us;
    int64_t line;
    uint64_t shape; /* hash of (n,k), (heads, kv heads, dim), the MoE layer, (GPUs, bytes) or the copy: rows of one shape go together */
    int32_t file;   /* index of gbl_krows.file */
    int32_t merged; /* rows that it is the mean of */
    uint8_t class, narrow /* fp8 product or 8-bit KV */, held /* kept out of fits */;
} gbl_krow;

enum { GBL_KRULES_MOST = 16 };
typedef struct gbl_krule {
    const char *what;
    int64_t n;
} gbl_krule;

/* What was measured and no formula of these classes describes: kept beside the rest, used by no fit. */
typedef struct gbl_kother {
    const char *operation, *shape /* JSON object */;
    double us;
} gbl_kother;

typedef struct gbl_krows {
    gbl_krow *row;
    size_t n, room;
    gbl_kother *other;
    size_t n_other, other_room;
    int64_t read; /* rows in the files */
    gbl_krule rule[GBL_KRULES_MOST];
    int n_rules;
    int64_t throttled; /* rows of a probe taken while the device throttled; used like the rest */
    const char **file; /* names as given */
    size_t n_files, files_room;
    const char *const *where; /* "COLUMN=VALUE": only such rows, in files that have the column */
    size_t n_where;
    int all; /* for tables of errors: also rows that no fit may use (experts over several GPUs) */
    uint32_t where_seen; /* bit i: a file had the column of where[i] */
    gbl_arena *arena;
} gbl_krows;

int gbl_krows_init(gbl_krows *k, gbl_err *err);
void gbl_krows_fini(gbl_krows *k);
/* Appends the rows of a CSV file, of JSON lines (told by the brace that they begin with), or of table `measurement` of a store
 * (rows of this hardware with quantity latency_us). */
int gbl_krows_read(gbl_krows *k, const char *path, const gbl_hw *hw, gbl_err *err);
/* Appends rows of a probe that are in memory; `path` is what messages call them. */
struct gbl_probe_rows;
int gbl_krows_take(gbl_krows *k, struct gbl_probe_rows *p, const char *path, const gbl_hw *hw, gbl_err *err);
/* After the last file: merges repetitions, refuses contradictions, and draws the hold-out (30 % of the shapes, by hash). */
int gbl_krows_ready(gbl_krows *k, gbl_err *err);

const char *gbl_kclass_name(enum gbl_kclass c);
/* The model's time of a row alone, seconds. */
double gbl_krow_time(const gbl_machine *g, const gbl_krow *r);
/* FLOPs and HBM bytes that it needs by the same formulas, of products and attention; -1: other classes. */
int gbl_krow_work(const gbl_machine *g, const gbl_krow *r, double *flops, double *bytes);
/* {"m": 1, ...} with the columns' names; returns out. */
char *gbl_krow_json(const gbl_krow *r, char *out, size_t size);

#endif
