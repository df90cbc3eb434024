Weights and activations by published cards: formats with numbers, wherever a format of weights may stand
$ gable model llama-2-7b --hardware a100-80-sxm --weights marlin --json | grep -E '"(weights|weight_bytes)"'
  "weights": "marlin",
  "weight_bytes": 3864010752,
$ gable model llama-2-7b --hardware a100-80-sxm --weights tilus-2bit | grep parameters
  parameters      6.738 B, active 6.738 B, 2.09 GiB of weights in tilus-2bit
$ gable run --set engine.weights=marlin --set trace.limit=50 --set run.seed=2 --json | grep -oE '"weights":"[a-z]*"|"completed": [0-9]*'
"weights":"marlin"
"completed": 50
$ gable model llama-2-7b --weights comet
! gable: comet multiplies in what h100-sxm has not
!   expected: another GPU or another precision (gable explain comet)
? 2
$ gable model llama-2-7b --weights marlim
! gable: unknown format or precision of weights 'marlim'
!   expected: bf16, fp16, fp8, int8, int4, fp4 or auto; or a precision card or one of its settings (gable list cards)
!   nearest: marlin
? 2
$ gable run --set engine.weights=tilus-9bit
! gable: unknown format or precision of weights 'tilus-9bit'
!   where: --set engine.weights
!   expected: bf16, fp16, fp8, int8, int4, fp4 or auto; or a precision card or one of its settings (gable list cards)
? 2
$ gable run --set engine.weights=marlin --set engine.activations=fp8
! gable: marlin says what activations it multiplies, so engine.activations would be read by nothing
!   where: --set engine.activations
!   expected: "auto"
? 2
$ gable list cards --json | grep -c '"kind": "precision"'
29
$ gable explain quamba2-w4a16 | head -1
precision/quamba2-w4a16 - $ROOT/policies/cards/precision/quamba2.json
