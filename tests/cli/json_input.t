# Scenario documents that are no good. Each answer names the place; nothing goes to stdout.
$ gable run missing.json
! gable: cannot open the file: No such file or directory
!   where: missing.json
!   expected: a readable file, or - for standard input
? 2
$ gable run .
! gable: cannot read the file: Is a directory
!   where: .
? 2
$ : > empty.json; gable run empty.json
! gable: the document is empty
!   where: empty.json
!   expected: a JSON value
? 2
$ printf '   \n' > blank.json; gable run blank.json
! gable: the document is empty
!   where: blank.json
!   expected: a JSON value
? 2
$ printf '{"gable": "scenario/1", "model": ' > cut.json; gable run cut.json
! gable: unexpected end of the text
!   where: cut.json:1:34
!   expected: a value
? 2
$ printf '{"model": "llama' > cut2.json; gable run cut2.json
! gable: a string without its closing quote
!   where: cut2.json:1:11
!   expected: a closing quote
? 2
$ head -c 300 /bin/sh > binary.json; gable run binary.json
! gable: unexpected byte 0x7f
!   where: binary.json:1:1
!   expected: a value
? 2
$ printf '{"model": "a\000b"}' > nul.json; gable run nul.json
! gable: raw control character 0x00 in a string
!   where: nul.json:1:13
!   expected: text without NUL characters
? 2
$ printf '\037\213\010\000garbage' > bad.json.gz; gable run bad.json.gz
! gable: truncated gzip archive
!   where: bad.json.gz
!   expected: a whole archive: it ends in the middle
? 2
$ printf '{"run": {"seed": 1,\n "seed": 2}}' > dup.json; gable run dup.json
! gable: duplicate key 'seed'
!   where: dup.json:2:2 (run.seed)
!   expected: each key once; it stands at 1:10 already
? 2
$ printf '{"run": {"warmup_s": 1e400}}' > huge.json; gable run huge.json
! gable: number 1e400 is out of range
!   where: huge.json:1:22
!   expected: a number of at most 1.797e308 in size
? 2
$ printf '{"run": {"warmup_s": NaN}}' > nan.json; gable run nan.json
! gable: unknown word 'NaN'
!   where: nan.json:1:22
!   expected: a value: a number, a "string", true, false, null, [ or {
? 2
$ printf '{"run": {"seed": 99999999999999999999}}' > big.json; gable run big.json
! gable: 'seed' is out of range: 99999999999999999999
!   where: big.json:1:18 (run.seed)
!   expected: an integer from 0 to 9007199254740991
? 2
$ printf '{"cluster": {"tp": 1.5}}' > half.json; gable run half.json
! gable: 'tp' is 1.5
!   where: half.json:1:20 (cluster.tp)
!   expected: an integer from 1 to 1024 (GPUs)
? 2
$ printf '{"cluster": {"tp": 01}}' > octal.json; gable run octal.json
! gable: bad number '01'
!   where: octal.json:1:20
!   expected: a number like 12, -0.5 or 1e-3
? 2
$ printf '{"cluster": {"tp": "2"}}' > text.json; gable run text.json
! gable: 'tp' is "2"
!   where: text.json:1:20 (cluster.tp)
!   expected: an integer from 1 to 1024 (GPUs)
? 2
$ printf '{"cluster": {"tp": -2}}' > negative.json; gable run negative.json
! gable: 'tp' is out of range: -2
!   where: negative.json:1:20 (cluster.tp)
!   expected: an integer from 1 to 1024 (GPUs)
? 2
$ printf '[1, 2]' > array.json; gable run array.json
! gable: a scenario is a JSON object
!   where: array.json:1:1
!   expected: {"gable": "scenario/1", ...}
? 2
$ printf '{"model": "llama-3.1-8b"} {}' > two.json; gable run two.json
! gable: unexpected '{'
!   where: two.json:1:27
!   expected: the end of the text
? 2
$ printf '{"engine": {"max_num_seq": 8}}' > unknown.json; gable run unknown.json
! gable: unknown key 'max_num_seq'
!   where: unknown.json:1:13 (engine.max_num_seq)
!   expected: one of runtime, weights, activations, kv, max_num_seqs, max_num_batched_tokens, max_model_len, long_context, block_size, kv_blocks, memory_utilization
!   nearest: max_num_seqs
? 2
$ printf '{"gable": "scenario/9"}' > version.json; gable run version.json
! gable: this is a 'scenario/9' document
!   where: version.json:1:11 (gable)
!   expected: "scenario/1"
? 2
$ printf '{"gable": "sweep/1"}' > kind.json; gable run kind.json
! gable: this is a 'sweep/1' document
!   where: kind.json:1:11 (gable)
!   expected: "scenario/1"
? 2
$ awk 'BEGIN { for (i = 0; i < 5000; i++) printf "["; }' > deep.json; gable run deep.json
! gable: nested too deep
!   where: deep.json:1:129
!   expected: at most 128 levels
? 2
$ (printf '{"name": "'; head -c 70000000 /dev/zero | tr '\0' x; printf '"}') > oversized.json; gable run oversized.json
! gable: the file is larger than 67108864 bytes
!   where: oversized.json
!   expected: at most 67108864 bytes unpacked
? 2
$ rm oversized.json
$ printf '{"model": "llama-3.1-8b", "name": "\377"}' > utf8.json; gable run utf8.json
! gable: invalid UTF-8 in a string, byte 0xff
!   where: utf8.json:1:36
!   expected: UTF-8 text
? 2
$ printf '{"model": "\033[31mred"}' > escape.json; gable run escape.json
! gable: raw control character 0x1b in a string
!   where: escape.json:1:12
!   expected: the escape \u001b
? 2
$ printf '{"run": {"seed": "x"}}' | gable run -
! gable: 'seed' is "x"
!   where: standard input:1:18 (run.seed)
!   expected: an integer from 0 to 9007199254740991
? 2
$ gable run --set cluster.tp
! gable: cannot read --set cluster.tp
!   where: --set
!   expected: --set KEY=VALUE, as in --set cluster.tp=2
? 2
$ gable run --set cluster.tp=two
! gable: 'tp' is "two"
!   where: --set cluster.tp
!   expected: an integer from 1 to 1024 (GPUs)
? 2
$ gable run --set cluster.tq=2
! gable: unknown key 'tq'
!   where: --set cluster.tq
!   expected: one of hardware, replicas, tp, pp, dp, ep, pools, kv_transfer, kv_transfer_reuse, network_GB_s, network_share, network_latency_us
? 2
$ gable run --set cluster=2
! gable: 'cluster' must be an object
!   where: --set cluster
!   expected: {...}
? 2
$ gable run --set run.seed=1e400
! gable: number 1e400 is out of range
!   where: --set run.seed
!   expected: a number of at most 1.797e308 in size
? 2
