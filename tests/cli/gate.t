# baseline and gate: CI that fails when a policy got worse, and says so when something else changed.
$ printf '{"name": "slots", "trace": {"generate": {"requests": 240, "arrival": {"use": "poisson", "rate_s": 34}, "input": {"use": "fixed", "tokens": 60}, "output": {"use": "geometric", "mean": 80}}}, "engine": {"max_num_seqs": 20}, "policy": {"prefix": "off"}}' > slots.json; printf '{"trace": {"limit": 200}}' > replay.json; gable baseline slots.json replay.json -o base.json; head -n 9 base.json | cut -c 1-60
{
  "gable": "baseline/1",
  "version": "*",
  "scenarios": [
    {
      "name": "slots",
      "seed": 1,
      "replications": 30,
      "stable": true,
! gable: warning: the seed changes nothing in 'replay': its 30 runs are equal, and the gate will take any difference for certain
$ gable baseline slots.json replay.json -j 1 | cmp - base.json; wc -c base.json | awk '{ print ($1 < 40000 ? "small" : "large") }'
small
! gable: warning: the seed changes nothing in 'replay': its 30 runs are equal, and the gate will take any difference for certain
# Nothing changed: the same numbers to the last bit.
$ gable gate base.json
scenario  metric * baseline * now * change * tolerance * sees * p (Holm)
-*
slots     ttft_ms.mean * +0.00 % * 2 % * 1.0000  holds
...
replay    ttft_ms.mean * +0.00 % * 2 % * 1.0000  holds
...
holds: 0 of 16 metrics regressed in 2 scenarios (the baseline's own seeds, paired)
$ gable gate base.json --seed 500 | tail -n 2
could have seen a change of * % to * %, by metric (four times out of five); more replications in the baseline, or its own seeds, see smaller ones
holds: 0 of 16 metrics regressed in 2 scenarios (other seeds, unpaired)
# Ten per cent fewer slots.
$ gable gate base.json slots.json --set engine.max_num_seqs=18 --junit gate.xml --markdown gate.md
scenario  metric * baseline * now * change * tolerance * sees * p (Holm)
-*
slots     ttft_ms.mean * 2 % * REGRESSED
...
REGRESSED: * of 8 metrics regressed in 1 scenario (the baseline's own seeds, paired)
! gable: * of 8 metrics regressed, ttft_ms.* of 'slots' most: *, was *
!   where: base.json
!   expected: at most 2 % worse
? 3
$ head -n 5 gate.xml
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="gable gate" tests="8" failures="*" errors="0">
  <testsuite name="slots" tests="8" failures="*" errors="0">
    <testcase classname="slots" name="ttft_ms.mean">
      <failure type="regression" message="ttft_ms.mean: +* %, baseline *, now *">change +* % beyond the tolerance of 2 %, family-wise p *</failure>
$ head -n 10 gate.md
\## gable gate: regressed

* of 8 metrics regressed (the baseline's own seeds, paired; beyond the tolerance and family-wise p < 0.001)

could have seen a change of 2 % (four times out of five)

| scenario | metric | baseline | now | change | tolerance | p (Holm) | |
|---|---|---:|---:|---:|---:|---:|---|
| slots | `ttft_ms.mean` | * | * | +* % | 2 % | * | **REGRESSED** |
...
$ gable gate base.json slots.json --set engine.max_num_seqs=18 --json 2> /dev/null | head -n 5
{
  "verdict": "regressed",
  "paired": true,
  "alpha": 0.001,
  "regressed": *,
# More slots are better, and a wide tolerance lets fewer pass.
$ gable gate base.json slots.json --set engine.max_num_seqs=22 | grep -c better
*
$ gable gate base.json slots.json --set engine.max_num_seqs=18 --tolerance all=1000% | tail -n 1
holds: 0 of 8 metrics regressed in 1 scenario (the baseline's own seeds, paired)
$ gable gate base.json slots.json --set engine.max_num_seqs=18 --tolerance all=1000% --tolerance queue_ms.mean=5% 2> /dev/null | grep REGRESSED
          queue_ms.mean * 5 % * REGRESSED
REGRESSED: 1 of 9 metrics regressed in 1 scenario (the baseline's own seeds, paired)
? 0
# In a replay every difference is certain.
$ gable gate base.json replay.json --set policy.schedule=prefill_first > /dev/null
! gable: * of 8 metrics regressed, * of 'replay' most: *, was *
!   where: base.json
!   expected: at most 2 % worse
? 3
# Inputs that differ are not the policy's fault; CI still gets its files.
$ gable gate base.json slots.json --set trace.rate_scale=1.1 --set model=llama-2-7b --junit why.xml --markdown why.md
! gable: the inputs of 'slots' are not those of the baseline, so the policy is not judged: trace, model
!   where: base.json
!   expected: the same trace, model, cluster, cards and version, or a new baseline (gable baseline slots.json -o base.json)
? 2
$ grep -o '<error.*' why.xml; cat why.md
<error type="inputs" message="the inputs of 'slots' are not those of the baseline, so the policy is not judged: trace, model"/>
\## gable gate: not judged

the inputs of 'slots' are not those of the baseline, so the policy is not judged: trace, model
$ sed 's/"version": *"[^"]*"/"version":"0.0.9"/' base.json > old.json; gable gate old.json slots.json
! gable: the inputs of 'slots' are not those of the baseline, so the policy is not judged: version (0.0.9, now *)
!   where: old.json
!   expected: *
? 2
$ sed 's/"runtime:vllm":"[0-9a-f]*"/"runtime:vllm":"0123456789abcdef"/' base.json > card.json; gable gate card.json slots.json
! gable: the inputs of 'slots' are not those of the baseline, so the policy is not judged: cards (runtime:vllm)
!   where: card.json
!   expected: *
? 2
# A trace is known by what is in it.
$ mkdir in; gzip -dc $ROOT/traces/samples/chat.jsonl.gz | head -n 150 > in/t.jsonl; printf '{"name": "mine", "trace": {"file": "t.jsonl"}}' > in/mine.json; gable baseline in/mine.json -o mine.base; gable gate mine.base | tail -n 1; gable gate mine.base in/mine.json | tail -n 1
holds: 0 of 8 metrics regressed in 1 scenario (the baseline's own seeds, paired)
holds: 0 of 8 metrics regressed in 1 scenario (the baseline's own seeds, paired)
! gable: warning: the seed changes nothing in 'mine': its 30 runs are equal, and the gate will take any difference for certain
$ head -n 140 in/t.jsonl > t && mv t in/t.jsonl; gable gate mine.base
! gable: the inputs of 'mine' are not those of the baseline, so the policy is not judged: trace
!   where: mine.base
!   expected: *
? 2
$ rm in/t.jsonl; gable gate mine.base
! gable: cannot open the file: No such file or directory
!   where: in/t.jsonl
? 2
# Damaged baselines.
$ gable gate slots.json
! gable: this is no baseline
!   where: slots.json:1:1
!   expected: a document {"gable": "baseline/1", ...} that `gable baseline` has written
? 2
$ head -c 2000 base.json > cut.json; gable gate cut.json
! gable: *
!   where: cut.json:*
!   expected: *
? 2
$ sed 's/"replications": 30/"replications": 3/' base.json > bad.json; gable gate bad.json
! gable: the baseline is damaged: bad 'replications'
!   where: bad.json:5:5 (scenarios.0)
!   expected: an integer from 10 on; `gable baseline SCENARIO... -o FILE` writes a whole one
? 2
$ sed 's/"ttft_ms.mean": \[[^,]*,/"ttft_ms.mean": [/' base.json > bad.json; gable gate bad.json
! gable: the baseline is damaged: bad 'ttft_ms.mean'
!   where: bad.json:* (scenarios.0.metrics.ttft_ms.mean)
!   expected: 30 numbers (or null), one a replication
? 2
$ sed 's/"name": "replay"/"name": "slots"/' base.json > bad.json; gable gate bad.json
! gable: the baseline is damaged: two scenarios are called 'slots'
!   where: bad.json:* (scenarios.1)
!   expected: names that differ
? 2
$ sed 's/"inputs"/"input"/' base.json > bad.json; gable gate bad.json
! gable: unknown key 'input'
!   where: bad.json:* (scenarios.0.input)
!   expected: *
!   nearest: inputs
? 2
$ printf '{"gable": "baseline/1", "scenarios": []}' > bad.json; gable gate bad.json
! gable: the baseline is damaged: bad 'scenarios'
!   where: bad.json:1:1
!   expected: at least one scenario; `gable baseline SCENARIO... -o FILE` writes a whole one
? 2
# And what is asked for wrongly.
$ sed 's/"version": "[^"]*"/"version": "0.0.9"/' base.json > bad.json; gable gate bad.json
! gable: the baseline is damaged: it says version 0.0.9, its scenario 'slots' *
!   where: bad.json:3:14 (version)
!   expected: one version; `gable baseline SCENARIO... -o FILE` writes a whole one
? 2
$ sed 's,baseline/1,baseline/2,' base.json > bad.json; gable gate bad.json
! gable: this baseline has a layout that this gable does not know: baseline/2
!   where: bad.json:2:12 (gable)
!   expected: a document {"gable": "baseline/1", ...} that `gable baseline` has written
? 2
$ gable baseline slots.json -o lone.json; gable gate lone.json --set name=slot
! gable: the scenario is called 'slot' by --set, and 'slots' in the baseline
!   where: --set name=slot
!   expected: the name that the baseline knows it by, or no --set name=
? 2
$ gable gate lone.json slots.json --set name=slots | tail -n 1
holds: 0 of 8 metrics regressed in 1 scenario (the baseline's own seeds, paired)
$ gable gate base.json slots.json --set name=slot
! gable: the baseline has no scenario 'slot'
!   where: slots.json
!   expected: one of its 2 scenarios, known by "name"
!   nearest: slots
? 2
$ gable gate base.json slots.json slots.json
! gable: 'slots' is given twice
!   where: slots.json and slots.json
!   expected: each scenario of the baseline at most once
? 2
$ gable gate base.json --tolerance ttft_ms.p99=5
! gable: cannot read --tolerance ttft_ms.p99=5
!   where: --tolerance
!   expected: --tolerance METRIC=X%, as in ttft_ms.p99=5%
? 2
$ gable gate base.json --tolerance ttft_ms.p98=5%
! gable: the baseline has no metric 'ttft_ms.p98' that could get worse
!   where: --tolerance
!   expected: one that the baseline holds, such as ttft_ms.p99, or all
!   nearest: ttft_ms.p9*
? 2
$ gable gate base.json --junit nofolder/x.xml > /dev/null
! gable: cannot write the file: No such file or directory
!   where: nofolder/x.xml
!   expected: a file in an existing folder this user may write to
? 2
$ gable baseline slots.json slots.json
! gable: two scenarios are called 'slots'
!   where: slots.json and slots.json
!   expected: a "name" of its own in each, by which the gate will know it
? 2
$ gable baseline slots.json --replications 5
! gable: 'replications' is out of range: 5
!   where: --replications
!   expected: an integer from 10 to 10000
? 2
$ gable baseline slots.json --set trace.generate.arrival.rate_s=60 -o over.json
! gable: warning: 'slots' is unstable: its queue still grows, so its numbers hang on the length of the run
