# What gable says of itself. The first line of every command's help; usage errors; the generated man page and completions.
$ gable --version
gable 0.*
$ gable --help
gable 0.1.0 - what LLM serving policies are worth, by replaying request traces through a model of the machine

usage: gable COMMAND [operands] [flags]

commands
  run        replay a scenario and print what its users would see
  sweep      many runs: grids, lists and Latin hypercubes over any key of a scenario
  slurm      write a sweep as an array job for Slurm
  merge      join the shards of a sweep into one store
  compare    what changes from scenario A to B, with intervals and p-values
  baseline   write down what a policy is worth today, for gable gate
  gate       fail when a policy got worse than its baseline
  plan       the largest rate under an SLO, or the smallest fleet for a trace
  sens       what the metrics hang on: resources, KV bytes, load
  why        where the time of requests went, to the nanosecond
  trace      inspect, replay untimed, generate, convert and shape traces
  model      the analytical sheet of a model on a machine
  calibrate  fit a GPU's parameters to measured kernels
  validate   the models against measurements
  lab        methods that drop KV on rows of attention, synthetic or recorded
  claims     published results beside simulated ones
  list       what there is: cards, policies, trace formats
  explain    one card, policy or generator in full, with its sources
  schema     JSON Schema of a document: every key, default, range
  sql        ask the store of results in SQL
  report     one self-contained HTML page about the runs of a store
  export     the requests of a run as CSV, JSON lines or a trace for Perfetto
  selftest   check this gable against closed forms and hand-worked cases
  conform    check that a policy keeps its contract
  import     the command line that starts a serving engine, as a scenario
  help       what the commands are, the man page, shell completion

examples
  gable run
      the shipped default scenario, offline, in under a second
  gable run --set policy.schedule=prefill_first --json
      the same with another scheduler, as one JSON object

`gable COMMAND --help` tells more of each. Exit: 0 done, 1 internal fault, 2 bad input or usage,
3 regression, 4 infeasible, 130 and 143 interrupted.
$ gable
! gable: no command
!   expected: gable COMMAND; `gable help` lists them, `gable run` shows a first result
? 2
$ gable help | head -n 1
gable * - what LLM serving policies are worth, by replaying request traces through a model of the machine
$ for c in run sweep slurm merge compare baseline gate plan sens why 'trace info' 'trace hits' 'trace mrc' 'trace generate' 'trace convert' trace model calibrate 'validate engine' 'validate kernels' validate claims list explain schema sql report export selftest help; do gable $c --help | head -n 1; done
gable run - replay a scenario and print what its users would see
gable sweep - many runs: grids, lists and Latin hypercubes over any key of a scenario
gable slurm - write a sweep as an array job for Slurm
gable merge - join the shards of a sweep into one store
gable compare - what changes from scenario A to B, with intervals and p-values
gable baseline - write down what a policy is worth today, for gable gate
gable gate - fail when a policy got worse than its baseline
gable plan - the largest rate under an SLO, or the smallest fleet for a trace
gable sens - what the metrics hang on: resources, KV bytes, load
gable why - where the time of requests went, to the nanosecond
gable trace info - lengths, rates, burstiness and prefix sharing of a trace
gable trace hits - what an eviction policy would find again, without time
gable trace mrc - the miss-ratio curve of a trace: what LRU would find at every capacity
gable trace generate - write a synthetic trace
gable trace convert - rewrite a trace in another format
gable trace - inspect, replay untimed, generate, convert and shape traces
gable model - the analytical sheet of a model on a machine
gable calibrate - fit a GPU's parameters to measured kernels
gable validate engine - replay real engines' request logs and print the errors
gable validate kernels - kernel times against public measurements, by operator, region and GPU
gable validate - the models against measurements
gable claims - published results beside simulated ones
gable list - what there is: cards, policies, trace formats
gable explain - one card, policy or generator in full, with its sources
gable schema - JSON Schema of a document: every key, default, range
gable sql - ask the store of results in SQL
gable report - one self-contained HTML page about the runs of a store
gable export - the requests of a run as CSV, JSON lines or a trace for Perfetto
gable selftest - check this gable against closed forms and hand-worked cases
gable help - what the commands are, the man page, shell completion
$ gable run --help
gable run - replay a scenario and print what its users would see

usage: gable run [SCENARIO.json] [flags]

One simulation: latencies, throughput, goodput, utilisation and KV occupancy. Without a file it runs
the shipped default; - reads the scenario from standard input. `gable schema scenario` prints every
key with its default. With --replications, intervals over seeds, and whether the queue still grows.

flags
  --set KEY=VALUE             change one key of the scenario, as in cluster.tp=2 or
                              policy.schedule=prefill_first (may be repeated)
  --seed N                    seed of every draw, instead of run.seed
  --json                      print one JSON object instead of text
  --replications N            run it under N seeds (seed to seed + N - 1) and print 95 % intervals
  --warmup scenario|auto      with --replications: leave out run.warmup_s, or what MSER-5 finds in
                              up to five trial runs (default scenario)
  --intervals N               run it again under N draws of the calibration (from 50 on) and print
                              how far its uncertainty reaches
  -j, --jobs N                simulations at once; 0: one a core. The answer is the same for any
                              (default 0)
  --db FILE                   keep every run in this SQLite store, made if it is not there; without
                              it nothing is written
  --requests none|sample|all  which requests the store keeps; sample: at most 1,000, drawn by the
                              seed (default sample)
  --exact                     recompute every aggregate at every step: slower, and the same answer
                              to the last bit
  --itl-def vllm|aiperf       inter-token latency as the pool of all single gaps, or as one mean a
                              request (default vllm)
  --progress auto|on|off      a progress line on stderr; auto: on a terminal only (default auto)
  -h, --help                  print this

examples
  gable run --set cluster.hardware=a100-80-sxm --set trace.rate_scale=2
      the default at twice the load on another GPU
  gable run chat.json --db results.db --requests all --json
      keep every request of a scenario, print one JSON object
$ gable help trace hits | head -n 3
gable trace hits - what an eviction policy would find again, without time

usage: gable trace hits FILE [flags]
$ gable runn
! gable: unknown command gable runn
!   expected: a command that `gable --help` lists
!   nearest: run
? 2
$ gable trace hit
! gable: unknown command gable trace hit
!   expected: a command that `gable trace --help` lists
!   nearest: hits
? 2
$ gable trace
! gable: no command after gable trace
!   expected: gable trace info|hits|mrc|generate|convert|shape ...
? 2
$ gable run --jsn
! gable: unknown flag --jsn
!   where: gable run
!   expected: a flag that `gable run --help` lists
!   nearest: --json
? 2
$ gable run --set
! gable: --set has no value
!   where: gable run
!   expected: --set KEY=VALUE
? 2
$ gable run --db --json
! gable: --db has no value
!   where: gable run
!   expected: --db FILE
? 2
$ gable run --exact=maybe
! gable: 'exact' is 'maybe'
!   where: --exact
!   expected: true or false
? 2
$ gable run --requests some
! gable: 'requests' has no choice 'some'
!   where: --requests
!   expected: none, sample or all
? 2
$ gable run --seed -1
! gable: 'seed' is out of range: -1
!   where: --seed
!   expected: an integer from 0 to 9007199254740991, or null
? 2
$ gable run --seed 1.5
! gable: 'seed' is '1.5'
!   where: --seed
!   expected: an integer from 0 to 9007199254740991, or null
? 2
$ gable run one.json two.json
! gable: one operand too many for gable run: two.json
!   expected: gable run [SCENARIO.json] [flags]
? 2
$ gable sql
! gable: gable sql lacks an operand
!   expected: gable sql QUERY [flags]
? 2
$ gable run --requests all
! gable: --requests all has no store to keep them in
!   expected: --requests all together with --db FILE
? 2
$ gable help run extra
! gable: run has no commands of its own
!   expected: gable help run
? 2
# Commands that are not there are unknown, not stubs.
$ for c in tune; do gable $c 2>/dev/null; echo $c $?; done
tune 2
$ gable help --man | head -n 4
.TH GABLE 1 "" "gable *" "User Commands"
.SH NAME
gable \- replay LLM request traces through a model of the serving engine and its GPU
.SH SYNOPSIS
$ gable help --man | grep -c '^\.SS'
39
$ gable help --completion bash | bash -n && gable help --completion bash | grep -c compgen
7
$ gable help --json | grep -c '"name"'
39
$ gable help --completion fish
! gable: 'completion' has no choice 'fish'
!   where: --completion
!   expected: none, bash or zsh
? 2
