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
