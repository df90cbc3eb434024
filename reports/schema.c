/* schema.c - the store's layout.
 *
 * Times are integers in nanoseconds of simulated time, as the engine has them; views turn them into milliseconds.
 * Rows of a run are clustered by (run, ...) so that one run is one stretch of the file. Views read the contract's JSON
 * keys out of run.result, so that a number in a view, in `gable run --json` and in the report is one number. Views use
 * SQLite's own functions only: they work in any SQLite shell, too. */
#include "reports/schema.h"

_Static_assert(GBL_SCHEMA_APPLICATION == 1734500716 && GBL_SCHEMA_VERSION == 4, "the pragmas below say the same");

/* SQLite joins these pieces; the compiler's limit on one literal never matters. */
static const char schema_text[] =
    "PRAGMA application_id = 1734500716;\n" /* 0x6762616c */
    "PRAGMA user_version = 4;\n"

    "CREATE TABLE run (\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  name TEXT NOT NULL,\n"
    "  scenario TEXT NOT NULL CHECK (json_valid(scenario)),\n" /* canonical JSON with every default */
    "  scenario_hash TEXT NOT NULL,\n"                         /* xxHash64 of it, 16 hex digits */
    "  cards TEXT NOT NULL CHECK (json_valid(cards)),\n"       /* {\"hardware:h100-sxm\": hash} */
    "  plugins TEXT NOT NULL CHECK (json_valid(plugins)),\n"   /* {path: hash} */
    "  seed INTEGER NOT NULL,\n"
    "  version TEXT NOT NULL,\n"
    "  runtime TEXT NOT NULL,\n"
    "  calibration TEXT NOT NULL,\n" /* fitted, transferred, datasheet */
    "  started_utc TEXT NOT NULL,\n"
    "  host TEXT NOT NULL,\n"
    "  result TEXT CHECK (result IS NULL OR json_valid(result))\n" /* the object of `gable run --json` */
    ") STRICT;\n"
    "CREATE INDEX run_by_scenario ON run (scenario_hash, seed);\n"

    "CREATE TABLE run_param (\n"
    "  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,\n"
    "  key TEXT NOT NULL,\n"
    "  value TEXT NOT NULL CHECK (json_valid(value)),\n"
    "  PRIMARY KEY (run, key)\n"
    ") STRICT, WITHOUT ROWID;\n"

    "CREATE TABLE metric (\n"
    "  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,\n"
    "  name TEXT NOT NULL,\n"
    "  stat TEXT NOT NULL,\n" /* '' where the name alone says it */
    "  value REAL,\n"         /* NULL: no samples */
    "  PRIMARY KEY (run, name, stat)\n"
    ") STRICT, WITHOUT ROWID;\n"

    "CREATE TABLE request (\n"
    "  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,\n"
    "  serial INTEGER NOT NULL,\n"
    "  session INTEGER NOT NULL,\n"
    "  turn INTEGER NOT NULL,\n"
    "  tenant INTEGER NOT NULL,\n"
    "  replica INTEGER NOT NULL,\n"
    "  input INTEGER NOT NULL,\n" /* tokens */
    "  output INTEGER NOT NULL,\n"
    "  cached INTEGER NOT NULL,\n" /* prompt tokens found in the prefix cache */
    "  preemptions INTEGER NOT NULL,\n"
    "  arrival_ns INTEGER NOT NULL,\n"
    "  scheduled_ns INTEGER,\n" /* NULL: never */
    "  first_token_ns INTEGER,\n"
    "  finish_ns INTEGER,\n"
    /* Where its time went, the parts of sim/run.h: they add up to finish_ns - arrival_ns. NULL: it never completed. */
    "  frontend_ns INTEGER, queue_ns INTEGER, prefill_sm_ns INTEGER,\n"
    "  prefill_hbm_ns INTEGER, prefill_link_ns INTEGER, prefill_host_ns INTEGER,\n"
    "  decode_sm_ns INTEGER, decode_hbm_ns INTEGER, decode_link_ns INTEGER,\n"
    "  decode_host_ns INTEGER, transfer_ns INTEGER, preempt_ns INTEGER,\n"
    /* Written out: IN (...) would build its list anew for each row and double the time of an insert. */
    "  status TEXT NOT NULL CHECK (status = 'completed' OR status = 'rejected' OR status = 'unfinished'),\n"
    "  PRIMARY KEY (run, serial)\n"
    ") STRICT, WITHOUT ROWID;\n"

    "CREATE TABLE timeline (\n"
    "  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,\n"
    "  replica INTEGER NOT NULL,\n"
    "  t_ns INTEGER NOT NULL,\n"
    "  running INTEGER NOT NULL,\n" /* sequences in the batch */
    "  waiting INTEGER NOT NULL,\n" /* requests in the queue */
    "  used_blocks INTEGER NOT NULL, capacity_blocks INTEGER NOT NULL,\n" /* KV blocks of this replica */
    /* How long each resource was busy since the replica's row before: the resources of `util`, in its order. */
    "  sm_us INTEGER NOT NULL, hbm_us INTEGER NOT NULL, pcie_h2d_us INTEGER NOT NULL,\n"
    "  pcie_d2h_us INTEGER NOT NULL, nvlink_us INTEGER NOT NULL, dram_us INTEGER NOT NULL,\n"
    "  ssd_us INTEGER NOT NULL, network_us INTEGER NOT NULL, host_us INTEGER NOT NULL,\n"
    "  PRIMARY KEY (run, replica, t_ns)\n"
    ") STRICT, WITHOUT ROWID;\n"

    "CREATE TABLE step (\n" /* the typical steps of a run, for a roofline (reports/steps.h) */
    "  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,\n"
    "  phase TEXT NOT NULL,\n"        /* prefill, decode */
    "  sequences INTEGER NOT NULL,\n"
    "  tokens INTEGER NOT NULL,\n"    /* of each: its prompt, or what it attends to */
    "  time_us REAL NOT NULL,\n"
    "  flop_s REAL NOT NULL, hbm_byte_s REAL NOT NULL,\n" /* peaks of one GPU */
    "  operators TEXT NOT NULL CHECK (json_valid(operators)),\n"
    "  PRIMARY KEY (run, phase)\n"
    ") STRICT, WITHOUT ROWID;\n"

    "CREATE TABLE sens (\n" /* `gable sens --db`: what the metrics of a run hang on */
    "  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,\n"
    "  metric TEXT NOT NULL,\n" /* ttft_ms.p99 */
    "  input TEXT NOT NULL,\n"  /* hbm_bandwidth */
    "  step REAL NOT NULL,\n"   /* how far the input was moved, as a share */
    "  base REAL,\n"
    "  elasticity REAL,\n" /* NULL: no value there */
    "  sobol REAL,\n"      /* NULL: not asked for */
    "  PRIMARY KEY (run, metric, input)\n"
    ") STRICT, WITHOUT ROWID;\n"

    "CREATE TABLE note (\n" /* what a policy or the engine had to say about a run */
    "  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,\n"
    "  seq INTEGER NOT NULL,\n"
    "  text TEXT NOT NULL,\n"
    "  PRIMARY KEY (run, seq)\n"
    ") STRICT, WITHOUT ROWID;\n"

    "CREATE TABLE claim (\n" /* published against simulated, keys of `gable claims --json` */
    "  id INTEGER PRIMARY KEY,\n"
    "  key TEXT NOT NULL,\n"
    "  quantity TEXT NOT NULL,\n"
    "  published REAL,\n"
    "  simulated REAL,\n"
    "  ratio REAL,\n"
    "  tolerance REAL,\n"
    "  runtime TEXT,\n"
    "  verdict TEXT NOT NULL CHECK (verdict IN ('reproduced', 'direction', 'not', 'quality')),\n"
    "  reason TEXT,\n"
    "  source TEXT,\n"
    "  run INTEGER REFERENCES run (id) ON DELETE SET NULL\n"
    ") STRICT;\n"

    "CREATE TABLE profile (\n" /* a calibration: parameters, covariance, who measured what and when */
    "  id INTEGER PRIMARY KEY,\n"
    "  name TEXT NOT NULL,\n"
    "  hardware TEXT NOT NULL,\n"
    "  runtime TEXT,\n"
    "  calibration TEXT NOT NULL CHECK (calibration IN ('fitted', 'transferred', 'datasheet')),\n"
    "  parameters TEXT NOT NULL CHECK (json_valid(parameters)),\n"
    "  covariance TEXT CHECK (covariance IS NULL OR json_valid(covariance)),\n"
    "  measured_by TEXT,\n"
    "  measured_utc TEXT,\n"
    "  source TEXT\n"
    ") STRICT;\n"

    "CREATE TABLE measurement (\n" /* one measured time or rate, and what the model says of it */
    "  id INTEGER PRIMARY KEY,\n"
    "  profile INTEGER REFERENCES profile (id) ON DELETE CASCADE,\n"
    "  hardware TEXT NOT NULL,\n"
    "  operation TEXT NOT NULL,\n"
    "  shape TEXT NOT NULL CHECK (json_valid(shape)),\n"
    "  quantity TEXT NOT NULL,\n" /* unit last in its name: time_us */
    "  measured REAL NOT NULL,\n"
    "  modelled REAL,\n"
    "  source TEXT\n"
    ") STRICT;\n"

    /* One row a run with the numbers people ask for first. */
    "CREATE VIEW summary AS SELECT id AS run, name, started_utc, seed, runtime, calibration,\n"
    "  json_extract(scenario, '$.model') AS model,\n"
    "  coalesce(json_extract(scenario, '$.cluster.hardware'), (SELECT group_concat(DISTINCT json_extract(value, '$.hardware'))\n"
    "    FROM json_each(scenario, '$.cluster.pools'))) AS hardware,\n"
    "  coalesce(json_extract(scenario, '$.cluster.replicas'), (SELECT sum(json_extract(value, '$.replicas'))\n"
    "    FROM json_each(scenario, '$.cluster.pools'))) AS replicas,\n"
    /* NULL: the pools differ in it. */
    "  coalesce(json_extract(scenario, '$.cluster.tp'), (SELECT CASE min(json_extract(value, '$.tp')) WHEN max(json_extract(value, '$.tp'))\n"
    "    THEN max(json_extract(value, '$.tp')) END FROM json_each(scenario, '$.cluster.pools'))) AS tp,\n"
    "  json_extract(result, '$.requests.injected') AS injected,\n"
    "  json_extract(result, '$.requests.completed') AS completed,\n"
    "  json_extract(result, '$.requests.rejected') AS rejected,\n"
    "  json_extract(result, '$.duration_s') AS duration_s,\n"
    "  json_extract(result, '$.throughput.request_s') AS request_s,\n"
    "  json_extract(result, '$.throughput.output_tok_s') AS output_tok_s,\n"
    "  json_extract(result, '$.throughput.total_tok_s') AS total_tok_s,\n"
    "  json_extract(result, '$.ttft_ms.p50') AS ttft_p50_ms,\n"
    "  json_extract(result, '$.ttft_ms.p99') AS ttft_p99_ms,\n"
    "  json_extract(result, '$.tpot_ms.p50') AS tpot_p50_ms,\n"
    "  json_extract(result, '$.tpot_ms.p99') AS tpot_p99_ms,\n"
    "  json_extract(result, '$.itl_ms.p99') AS itl_p99_ms,\n"
    "  json_extract(result, '$.e2el_ms.p50') AS e2el_p50_ms,\n"
    "  json_extract(result, '$.e2el_ms.p99') AS e2el_p99_ms,\n"
    "  json_extract(result, '$.queue_ms.p99') AS queue_p99_ms,\n"
    "  json_extract(result, '$.goodput.request_s') AS goodput_request_s,\n"
    "  json_extract(result, '$.goodput.slo_attainment') AS slo_attainment,\n"
    "  json_extract(result, '$.kv.hit_ratio') AS hit_ratio,\n"
    "  json_extract(result, '$.kv.peak_blocks') AS peak_blocks,\n"
    "  json_extract(result, '$.kv.preemptions') AS preemptions,\n"
    "  json_extract(result, '$.util.sm') AS util_sm,\n"
    "  json_extract(result, '$.util.hbm') AS util_hbm,\n"
    "  json_extract(result, '$.mfu') AS mfu,\n"
    "  json_extract(result, '$.mbu') AS mbu,\n"
    "  json_extract(result, '$.cost.usd_per_mtok_output') AS usd_per_mtok_output\n"
    "FROM run;\n"

    "CREATE VIEW latest AS SELECT * FROM summary ORDER BY run DESC LIMIT 20;\n"

    /* The newest run of every scenario and seed: what a repeated command last said. */
    "CREATE VIEW newest AS SELECT s.* FROM summary AS s\n"
    "WHERE s.run IN (SELECT max(id) FROM run GROUP BY scenario_hash, seed);\n"

    /* Latencies as vLLM's benchmark defines them (README, metrics). */
    "CREATE VIEW request_ms AS SELECT run, serial, session, turn, tenant, replica, status, input, output, cached, preemptions,\n"
    "  arrival_ns / 1e9 AS arrival_s,\n"
    "  (scheduled_ns - arrival_ns) / 1e6 AS queue_ms,\n"
    "  (first_token_ns - arrival_ns) / 1e6 AS ttft_ms,\n"
    "  CASE WHEN output > 1 THEN (finish_ns - first_token_ns) / 1e6 / (output - 1) END AS tpot_ms,\n"
    "  (finish_ns - arrival_ns) / 1e6 AS e2el_ms\n"
    "FROM request;\n"

    /* The parts as rows. */
    "CREATE VIEW request_part AS\n"
    "  SELECT run, serial, 'frontend' AS part, frontend_ns AS ns FROM request WHERE frontend_ns IS NOT NULL\n"
    "  UNION ALL SELECT run, serial, 'queue' AS part, queue_ns AS ns FROM request WHERE queue_ns IS NOT NULL\n"
    "  UNION ALL SELECT run, serial, 'prefill_sm' AS part, prefill_sm_ns AS ns FROM request WHERE prefill_sm_ns IS NOT NULL\n"
    "  UNION ALL SELECT run, serial, 'prefill_hbm' AS part, prefill_hbm_ns AS ns FROM request WHERE prefill_hbm_ns IS NOT NULL\n"
    "  UNION ALL SELECT run, serial, 'prefill_link' AS part, prefill_link_ns AS ns FROM request WHERE prefill_link_ns IS NOT NULL\n"
    "  UNION ALL SELECT run, serial, 'prefill_host' AS part, prefill_host_ns AS ns FROM request WHERE prefill_host_ns IS NOT NULL\n"
    "  UNION ALL SELECT run, serial, 'decode_sm' AS part, decode_sm_ns AS ns FROM request WHERE decode_sm_ns IS NOT NULL\n"
    "  UNION ALL SELECT run, serial, 'decode_hbm' AS part, decode_hbm_ns AS ns FROM request WHERE decode_hbm_ns IS NOT NULL\n"
    "  UNION ALL SELECT run, serial, 'decode_link' AS part, decode_link_ns AS ns FROM request WHERE decode_link_ns IS NOT NULL\n"
    "  UNION ALL SELECT run, serial, 'decode_host' AS part, decode_host_ns AS ns FROM request WHERE decode_host_ns IS NOT NULL\n"
    "  UNION ALL SELECT run, serial, 'transfer' AS part, transfer_ns AS ns FROM request WHERE transfer_ns IS NOT NULL\n"
    "  UNION ALL SELECT run, serial, 'preempt' AS part, preempt_ns AS ns FROM request WHERE preempt_ns IS NOT NULL;\n"

    /* Mean and share of each part over the requests that a run keeps. */
    "CREATE VIEW time_went AS SELECT run, part, sum(ns) / 1e6 / count(*) AS mean_ms,\n"
    "  sum(ns) * 1.0 / nullif(sum(sum(ns)) OVER (PARTITION BY run), 0) AS share, count(*) AS requests\n"
    "FROM request_part GROUP BY run, part;\n"

    /* Load over time: arrivals, completions and tokens in steps of ten simulated seconds. */
    "CREATE VIEW load_10s AS SELECT run, t_s, sum(arrived) AS arrived, sum(finished) AS finished, sum(tok) AS output_tok FROM (\n"
    "  SELECT run, arrival_ns / 10000000000 * 10 AS t_s, 1 AS arrived, 0 AS finished, 0 AS tok FROM request\n"
    "  UNION ALL\n"
    "  SELECT run, finish_ns / 10000000000 * 10, 0, 1, output FROM request WHERE status = 'completed'\n"
    ") GROUP BY run, t_s;\n"

    /* KV occupancy as a share of the replica's own blocks: those of another pool may have more. */
    "CREATE VIEW occupancy AS SELECT t.run, t.replica, t.t_ns / 1e9 AS t_s, t.running, t.waiting, t.used_blocks,\n"
    "  t.used_blocks * 1.0 / nullif(t.capacity_blocks, 0) AS share\n"
    "FROM timeline AS t;\n"

    /* Operators of the typical steps as rows: one GPU's work, `count` times a step. */
    "CREATE VIEW operator AS SELECT s.run, s.phase, o.key AS seq, json_extract(o.value, '$.name') AS name,\n"
    "  json_extract(o.value, '$.count') AS count, json_extract(o.value, '$.flops') AS flops,\n"
    "  json_extract(o.value, '$.hbm_bytes') AS hbm_bytes, json_extract(o.value, '$.link_bytes') AS link_bytes,\n"
    "  json_extract(o.value, '$.time_us') AS time_us, json_extract(o.value, '$.bound') AS bound,\n"
    "  json_extract(o.value, '$.efficiency') AS efficiency\n"
    "FROM step AS s, json_each(s.operators) AS o;\n"

    "CREATE VIEW metric_wide AS SELECT run, name,\n"
    "  max(value) FILTER (WHERE stat = 'mean') AS mean, max(value) FILTER (WHERE stat = 'p50') AS p50,\n"
    "  max(value) FILTER (WHERE stat = 'p90') AS p90, max(value) FILTER (WHERE stat = 'p95') AS p95,\n"
    "  max(value) FILTER (WHERE stat = 'p99') AS p99, max(value) FILTER (WHERE stat = 'p999') AS p999,\n"
    "  max(value) FILTER (WHERE stat = 'max') AS max, max(value) FILTER (WHERE stat = 'n') AS n\n"
    "FROM metric WHERE name LIKE '%/_ms' ESCAPE '/' GROUP BY run, name;\n";

static const char sweep_text[] =
    "CREATE TABLE IF NOT EXISTS sweep (\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  hash TEXT NOT NULL,\n"    /* xxHash64 of its points' scenario hashes, in order */
    "  version TEXT NOT NULL,\n"
    "  cards TEXT NOT NULL CHECK (json_valid(cards)),\n" /* of all its points: {\"hardware:h100-sxm\": hash} */
    "  requests TEXT NOT NULL,\n"                        /* which ones its runs keep: none, sample, all */
    "  points INTEGER NOT NULL,\n"
    /* Point k becomes run first_run + k, whenever and wherever it is simulated; the numbers are reserved. */
    "  first_run INTEGER NOT NULL,\n"
    "  document TEXT NOT NULL CHECK (json_valid(document))\n"
    ") STRICT;\n"
    "CREATE TABLE IF NOT EXISTS sweep_point (\n"
    "  sweep INTEGER NOT NULL REFERENCES sweep (id) ON DELETE CASCADE,\n"
    "  point INTEGER NOT NULL,\n"
    "  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,\n"
    "  vary TEXT NOT NULL CHECK (json_valid(vary)),\n" /* {\"engine.max_num_seqs\": 64} */
    "  PRIMARY KEY (sweep, point)\n"
    ") STRICT, WITHOUT ROWID;\n"
    "CREATE VIEW IF NOT EXISTS sweep_summary AS SELECT p.sweep, p.point, p.vary, s.*\n"
    "FROM sweep_point AS p JOIN summary AS s ON s.run = p.run;\n";

const char *gbl_schema_sweep_sql(void)
{
    return sweep_text;
}

const char *gbl_schema_sql(void)
{
    return schema_text;
}
