# Files that are not what they should be: one message each, with the way out where there is one; nothing hangs, nothing is left.
$ printf '{"timestamp": 0, "input_length": 10, "output_length": 5}\n' > t.jsonl; iconv -t UTF-16 t.jsonl > wide.jsonl; gable trace info wide.jsonl
! gable: the text is UTF-16
!   where: wide.jsonl
!   expected: UTF-8, as iconv -f UTF-16 -t UTF-8 makes it
? 2
$ printf '{}' | iconv -t UTF-16 > wide.json; for c in run sweep plan gate 'model' claims 'schema scenario' sens; do gable $c ./wide.json 2>&1 > out | head -n 1; done
gable: the text is UTF-16
gable: the text is UTF-16
gable: the text is UTF-16
gable: the text is UTF-16
gable: the text is UTF-16
gable: the text is UTF-16
gable: one operand too many for gable schema: ./wide.json
gable: the text is UTF-16
$ printf '\357\273\277{"trace": {"limit": 3}}' > bom.json; gable run bom.json --json | grep -c '"completed"'; printf '\357\273\277' | cat - t.jsonl | gable trace info - --json | grep '"rows"'
1
  "rows": 1,
$ iconv -t UTF-16LE t.jsonl > le.jsonl; gable trace info le.jsonl
! gable: binary data: a NUL byte in the line
!   where: le.jsonl:1
!   expected: a text file, plain or packed with gzip or zstd
? 2
# Nesting without end; a line without end; bombs.
$ head -c 20000000 /dev/zero | tr '\0' '[' > deep.json; for c in run sweep plan gate claims 'trace info' model; do gable $c ./deep.json > out 2> err; echo "$? $(wc -c < out) $(head -n 1 err)"; done; rm deep.json
2 0 gable: nested too deep
2 0 gable: nested too deep
2 0 gable: nested too deep
2 0 gable: nested too deep
2 0 gable: nested too deep
2 0 gable: not a trace in a known format
2 0 gable: nested too deep
$ truncate -s 1G line; for c in run 'trace info' calibrate sweep; do gable $c line > out 2> err; echo "$? $(wc -c < out) $(head -n 1 err)"; done; rm line
2 0 gable: the file is larger than 67108864 bytes
2 0 gable: a line longer than 64 MiB
2 0 gable: a line longer than 64 MiB
2 0 gable: the file is larger than 67108864 bytes
$ head -c 200000000 /dev/zero | gzip -1 > bomb.gz; for c in run 'trace info' calibrate sweep 'report --db'; do gable $c bomb.gz > out 2> err; echo "$? $(wc -c < out) $(head -n 1 err)"; done
2 0 gable: the file is larger than 67108864 bytes
2 0 gable: a line longer than 64 MiB
2 0 gable: a line longer than 64 MiB
2 0 gable: the file is larger than 67108864 bytes
2 0 gable: cannot open the store: this is no SQLite file
# Archives that end too early or lie.
$ gzip -c t.jsonl | head -c 30 > cut.gz; printf '\050\265\057\375' > cut.zst; printf '\037\213\010\000garbage and more garbage' > bad.gz; for f in cut.gz cut.zst bad.gz; do for c in run 'trace info' calibrate; do gable $c $f > out 2> err; echo "$? $(wc -c < out) $(head -n 1 err)"; done; done
2 0 gable: truncated gzip archive
2 0 gable: truncated gzip archive
2 0 gable: truncated gzip archive
2 0 gable: truncated zstd archive
2 0 gable: truncated zstd archive
2 0 gable: truncated zstd archive
2 0 gable: damaged gzip archive: *
2 0 gable: damaged gzip archive: *
2 0 gable: damaged gzip archive: *
# Folders, pipes and devices in the place of files.
$ mkdir d; for c in 'run' 'sweep' 'plan' 'gate' 'compare d' 'sens' 'claims ./' 'calibrate' 'trace info' 'trace convert' 'report --db' 'sql 1 --db' 'run --db' 'merge x.db' 'conform ./d/' 'run --set policy.evict.plugin=./'; do case $c in *[=/]) a=$c"d" ;; *) a="$c d" ;; esac; gable $a > out 2> err; echo "$? $(wc -c < out) $(head -n 1 err)"; done; ls d
2 0 gable: cannot read the file: Is a directory
2 0 gable: cannot read the file: Is a directory
2 0 gable: cannot read the file: Is a directory
2 0 gable: cannot read the file: Is a directory
2 0 gable: cannot read the file: Is a directory
2 0 gable: cannot read the file: Is a directory
2 0 gable: cannot read the file: Is a directory
2 0 gable: cannot read the file: Is a directory
2 0 gable: the folder holds no ServeGen clients
2 0 gable: the folder holds no ServeGen clients
2 0 gable: cannot open the store: this is a folder
2 0 gable: cannot open the store: this is a folder
2 0 gable: cannot open the store: this is a folder
2 0 gable: cannot open the store: this is a folder
2 0 gable: *
2 0 gable: cannot read the file: Is a directory
$ mkfifo pipe; (cat t.jsonl > pipe &); gable run --set trace.file=pipe --db kept.db --json | grep '"completed"'; gable sql 'SELECT count(*) AS runs FROM run' --db kept.db --csv; printf '{"trace": {"file": "pipe"}}' > pipe.json; gable compare pipe.json pipe.json
    "completed": 1,
runs
1
! gable: a trace from a pipe can be read only once
!   where: pipe.json:1:20 (trace.file)
!   expected: the name of a file, for more than one run
? 2
$ for c in 'run --json' 'trace info t.jsonl' 'trace convert t.jsonl --to azure' 'list' 'export --db kept.db' 'schema scenario' 'help --man'; do gable $c > /dev/full 2> err; echo "$? $(cat err)"; done
1 gable: cannot write to standard output: No space left on device
1 gable: cannot write to standard output: No space left on device
1 gable: cannot write to standard output: No space left on device
1 gable: cannot write to standard output: No space left on device
1 gable: cannot write to standard output: No space left on device
1 gable: cannot write to standard output: No space left on device
1 gable: cannot write to standard output: No space left on device
$ for c in 'report --db kept.db -o' 'export --db kept.db -o' 'trace convert t.jsonl --to azure -o' 'run --db'; do gable $c /dev/full > out 2> err; echo "$? $(wc -c < out) $(head -n 1 err)"; done
2 0 gable: cannot write the file: *
2 0 gable: cannot write the file: *
2 0 gable: cannot write the file: the disk is full
2 0 gable: cannot write the store: the disk is full
# Text that only a tokenizer could count: refused with the way out.
$ printf '[{"id": "a", "conversations": [{"from": "human", "value": "hi"}]}]\n' > talk.json; gable trace info talk.json
! gable: * tokenizer*
!   where: talk.json:1*
!   expected: *
? 2
