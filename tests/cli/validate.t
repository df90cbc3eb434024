# gable validate engine where there is nothing to validate against, and what it says of wrong names and files.
$ gable validate engine --data no/such/folder
skipped: there is no folder of measurements at no/such/folder; --data DIR or $GABLE_MEASUREMENTS names it
$ GABLE_MEASUREMENTS=nor/this gable validate engine h100-qwen3-14b
skipped: there is no folder of measurements at nor/this; --data DIR or $GABLE_MEASUREMENTS names it
$ gable validate engine --data no/such/folder --json | tr -d ' \n'; echo
{"skipped":["no/such/folder"],"points":[],"reach":[]}
$ gable validate engine h100-qwen3-14c --data no/such/folder
! gable: unknown engine log 'h100-qwen3-14c'
!   expected: all, a description that gable ships, or the path of one's own (it ends in .json)
!   nearest: h100-qwen3-14b
? 2
$ mkdir empty && gable validate engine h100-qwen3-14b --data empty
h100-qwen3-14b skipped: there is no *engine/h100_qwen3_14b/requests.csv.gz
$ echo '{"gable": "engine/1", "name": "mine", "kind": "requests", "file": "log.csv", "columns": {"arrival": {"column": "at", "unit": "s"}, "input": "in", "output": "out", "e2e": {"column": "ms", "unit": "ms"}}, "scenario": {}}' > mine.json
$ gable validate engine ./mine.json --data empty
! gable: cannot open the file: No such file or directory
!   where: log.csv
!   expected: a readable file, or - for standard input
? 2
$ printf 'at,in,out,ms\n0,100,9,100\n1,100,9,x\n' > log.csv; gable validate engine ./mine.json
! gable: column 'ms' (e2e) holds 'x'
!   where: ./log.csv:3
!   expected: a time, or nothing
? 2
$ printf 'at,in,out,ms\n0,100,9,100\n1,100,9,90\n' > log.csv; gable validate engine ./mine.json --db r.db | tail -n 1
5 measurements kept in r.db
$ gable sql "select operation, quantity, measured from measurement where json_extract(shape, '$.stat') = 'mean'" --db r.db --json | tr -d ' \n'; echo
[{"operation":"enginemine","quantity":"e2el_ms","measured":95}]
$ echo '{"probe": "layers", "shape": {"phase": "decode", "model": "tiny", "layers": 2, "hidden": 256, "num_heads": 4, "num_kv_heads": 1, "head_dim": 64, "ffn": 512, "vocab": 512, "batch_size": 2, "tokens": 40}, "median_us": 50, "low_us": 49, "high_us": 51, "repetitions": 9, "device": "d"}' > layers.jsonl
$ gable validate layers layers.jsonl --hardware h100-sxm
steps of layers that no fit saw
model  layers  phase   sequences  tokens  measured us  modelled us  error %
-----  ------  ------  ---------  ------  -----------  -----------  -------  
tiny        2  decode          2      40           50           83    +65.7
decode: 1 steps, median error 65.7 %, p90 65.7 %, bias +65.7 %
both: 1 steps, median error 65.7 %, p90 65.7 %, bias +65.7 %
$ gable validate layers layers.jsonl --hardware h100-sxm --json | grep -c modelled_us
1
$ sed 's/"num_kv_heads": 1/"num_kv_heads": 3/' layers.jsonl > heads.jsonl; gable validate layers heads.jsonl
! gable: 3 KV heads do not divide 4 heads
!   where: heads.jsonl:1
!   expected: heads that share KV heads evenly
? 2
$ sed 's/"ffn": 512, //' layers.jsonl > ffn.jsonl; gable validate layers ffn.jsonl
! gable: a stack of layers without "ffn"
!   where: ffn.jsonl:1
!   expected: a whole number from 1 (validate/probe/PROTOCOL.md)
? 2
$ sed 's/"layers", "shape"/"stack", "shape"/' layers.jsonl > none.jsonl; gable validate layers none.jsonl
! gable: no row of probe "layers"
!   where: none.jsonl
!   expected: rows of a whole probe: gable-probe or gable-probe-host without --only
? 2
$ gable validate layers
! gable: gable validate layers lacks an operand
!   expected: gable validate layers ROWS.jsonl [flags]
? 2
