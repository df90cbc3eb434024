# list, explain, schema.
$ gable list policies
$ gable list formats | head -n 3
$ gable list hardwar
$ gable list hardware | grep h100-sxm
$ gable list llm | grep llama-3.1-8b
$ gable list runtime
$ gable list --json | head -n 2
$ gable explain lru
$ gable explain schedule/chunked
$ gable explain evict/lru --json
$ gable explain h100-sxm | head -n 6
$ gable explain h100-sxn
$ gable explain schedule/lru
$ gable explain vllm | head -n 3
$ gable schema scenario | head -n 4
$ gable schema scenari
