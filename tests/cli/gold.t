#needs ../shared/traces/gold_prefix_hits_conversation.tsv
# Exact prefix hits on the Mooncake conversation trace, every policy and capacity of the published counts; and two
# real traces replayed whole on four H100.
$ cat > check.sh <<'END'
> T=$ROOT/../shared/traces
> tail -n +2 $T/gold_prefix_hits_conversation.tsv | while IFS='	' read -r trace policy cap hits blocks ratio tokens all share any; do
>     case $policy in infinite) p=lru ;; lru_rev) p=lru_tail ;; opt) p=belady ;; *) p=$policy ;; esac
>     got=$(gable trace hits $T/mooncake_conversation_trace.jsonl.gz --evict $p --blocks $cap --json | awk -F'[:,]' '/"hit_blocks"/ {b=$2} /"hit_tokens"/ {t=$2} END {print b+0, t+0}')
>     [ "$got" = "$hits $tokens" ] && echo same >> same || echo "$policy $cap: $got, gold $hits $tokens"
> done
> END
$ sh check.sh; sort same | uniq -c | awk '{ print $1, $2 }'
36 same
$ gable run --set trace.file=$ROOT/../shared/traces/AzureLLMInferenceTrace_code.csv --set cluster.replicas=4 | sed -n 2p
requests    8819 injected = 8819 completed + 0 rejected + 0 unfinished, * s simulated
$ gable run --set trace.file=$ROOT/../shared/traces/mooncake_conversation_trace.jsonl.gz --set cluster.replicas=4 | sed -n 2p
requests    12031 injected = 12031 completed + 0 rejected + 0 unfinished, * s simulated
