# What is shared, by whom, and for how long.
# Four tenants share a head of 1,024 tokens: 39 of 40 requests find it; with a salt the first of each tenant does not.
$ cat > heads.json <<'END'
> {"trace": {"generate": {"requests": 40, "tenants": 4, "arrival": {"use": "deterministic", "rate_s": 1}, "input": {"use": "fixed", "tokens": 64},
>   "output": {"use": "fixed", "tokens": 8}, "shared_prefix": {"tokens": 1024}}}}
> END
$ for salt in none tenant; do for use in block radix; do gable run heads.json --set "policy.prefix={\"use\":\"$use\",\"salt\":\"$salt\"}" --json | awk -v w="$salt $use" -F'[:,]' '/"hit_tokens"/ && !n++ {print w $2}'; done; done
none block 39936
none radix 39936
tenant block 36864
tenant radix 36864
# Agents: three turns with a tool's pause between; what lies between two turns is kept for the next.
$ cat > agents.json <<'END'
> {"trace": {"generate": {"requests": 300, "arrival": {"use": "poisson", "rate_s": 1}, "input": {"use": "fixed", "tokens": 1000}, "output": {"use": "fixed", "tokens": 100},
>   "sessions": {"turns": {"use": "fixed", "tokens": 3}, "think": {"use": "fixed", "s": 5}}}}, "engine": {"kv_blocks": 1500, "max_model_len": 16384}}
> END
$ gable run agents.json --set policy.evict=continuum --set policy.schedule=program --json > a; gable run agents.json --set policy.evict=continuum --set policy.schedule=program --json --exact > b; sed '/"sim"/,$d' b > c; sed '/"sim"/,$d' a | cmp - c
# Five seconds are more than computing a prompt again takes, so continuum pins nothing and is LRU; pins that wait find what LRU drops.
$ for p in lru pin_until continuum; do gable run agents.json --set policy.evict=$p --json | awk -F'[:,]' '/"hit_tokens"/ && !n++ {print $2 + 0}'; done > found; awk 'NR == 1 {lru = $1} NR == 2 {print "pin_until", ($1 > 5 * lru ? "finds more than five times as much" : "finds " $1 " to " lru)} NR == 3 {print "continuum", ($1 == lru ? "is lru" : "finds " $1 " to " lru)}' found
pin_until finds more than five times as much
continuum is lru
# The optimum on the order that a run produced, told beside what the run found.
$ gable run agents.json --set policy.evict=pin_until --set run.belady=true | grep -c 'Belady on the order that this run produced'
1
# A prompt of 512 tokens at 0, 100 and 1,000 s with an output of one: with 5 minutes the second is read, with 1 hour the third, too.
$ for t in 0 100000 1000000; do echo "{\"timestamp\": $t, \"input_length\": 512, \"output_length\": 1, \"hash_ids\": [1]}"; done > thrice.jsonl; gable trace hits thrice.jsonl --price claude-sonnet-4 --json | sed -n '/"api"/,$p'
  "api": {
    "price": "claude-sonnet-4",
    "not_cached": {
      "usd": 0.004653,
      "read_tokens": 0
    },
    "cached_5m": {
      "usd": 0.0040386,
      "read_tokens": 512
    },
    "cached_1h": {
      "usd": 0.0034242,
      "read_tokens": 1024
    }
  }
}
$ gable trace hits thrice.jsonl --price gtp-5
! gable: unknown price "gtp-5"
!   expected: a card's name (gable list cards) or the path of a file
!   nearest: gpt-5
? 2
