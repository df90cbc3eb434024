# Scenario documents that are no good. Each answer names the place; nothing goes to stdout.
$ gable run missing.json
$ gable run .
$ : > empty.json; gable run empty.json
$ printf '   \n' > blank.json; gable run blank.json
$ printf '{"gable": "scenario/1", "model": ' > cut.json; gable run cut.json
$ printf '{"model": "llama' > cut2.json; gable run cut2.json
$ head -c 300 /bin/sh > binary.json; gable run binary.json
$ printf '{"model": "a\000b"}' > nul.json; gable run nul.json
$ printf '\037\213\010\000garbage' > bad.json.gz; gable run bad.json.gz
$ printf '{"run": {"seed": 1,\n "seed": 2}}' > dup.json; gable run dup.json
$ printf '{"run": {"warmup_s": 1e400}}' > huge.json; gable run huge.json
$ printf '{"run": {"warmup_s": NaN}}' > nan.json; gable run nan.json
$ printf '{"run": {"seed": 99999999999999999999}}' > big.json; gable run big.json
$ printf '{"cluster": {"tp": 1.5}}' > half.json; gable run half.json
$ printf '{"cluster": {"tp": 01}}' > octal.json; gable run octal.json
$ printf '{"cluster": {"tp": "2"}}' > text.json; gable run text.json
$ printf '{"cluster": {"tp": -2}}' > negative.json; gable run negative.json
$ printf '[1, 2]' > array.json; gable run array.json
$ printf '{"model": "llama-3.1-8b"} {}' > two.json; gable run two.json
$ printf '{"engine": {"max_num_seq": 8}}' > unknown.json; gable run unknown.json
$ printf '{"gable": "scenario/9"}' > version.json; gable run version.json
$ printf '{"gable": "sweep/1"}' > kind.json; gable run kind.json
$ awk 'BEGIN { for (i = 0; i < 5000; i++) printf "["; }' > deep.json; gable run deep.json
$ (printf '{"name": "'; head -c 70000000 /dev/zero | tr '\0' x; printf '"}') > oversized.json; gable run oversized.json
$ rm oversized.json
$ printf '{"model": "llama-3.1-8b", "name": "\377"}' > utf8.json; gable run utf8.json
$ printf '{"model": "\033[31mred"}' > escape.json; gable run escape.json
$ printf '{"run": {"seed": "x"}}' | gable run -
$ gable run --set cluster.tp
$ gable run --set cluster.tp=two
$ gable run --set cluster.tq=2
$ gable run --set cluster=2
$ gable run --set run.seed=1e400
