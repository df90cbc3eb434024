# What gable says of itself. The first line of every command's help; usage errors; the generated man page and completions.
$ gable --version
$ gable --help
$ gable
$ gable help | head -n 1
$ for c in run 'trace info' 'trace hits' 'trace generate' 'trace convert' trace model list explain schema sql report export selftest help; do gable $c --help | head -n 1; done
$ gable run --help
$ gable help trace hits | head -n 3
$ gable runn
$ gable trace hit
$ gable trace
$ gable run --jsn
$ gable run --set
$ gable run --db --json
$ gable run --exact=maybe
$ gable run --requests some
$ gable run --seed -1
$ gable run --seed 1.5
$ gable run one.json two.json
$ gable sql
$ gable run --requests all
$ gable help run extra
# Commands that are not there are unknown, not stubs.
$ for c in sweep slurm merge plan compare gate baseline sens why calibrate validate claims conform import; do gable $c 2>/dev/null; echo $c $?; done
$ gable help --man | head -n 4
$ gable help --man | grep -c '^\.SS'
$ gable help --completion bash | bash -n && gable help --completion bash | grep -c compgen
$ gable help --json | grep -c '"name"'
$ gable help --completion fish
