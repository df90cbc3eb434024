# The study of KV compression, cut down to three methods on one GPU.
$ GABLE=gable python3 $ROOT/reports/studies/compress.py --quick cut && grep -c '^| `\|^| none' cut/COMPRESSION.md
12
# Two tables of goodput, two of runtimes, each with all three; all three stand on the front: each is cheaper or loses less than the others.
$ sed -n '/<!-- documents -->/,/<!-- end -->/p' cut/COMPRESSION.md | grep -c '\*\*'
3
$ sed -n '/<!-- documents_runtimes -->/,/<!-- end -->/p' cut/COMPRESSION.md | awk -F'|' '/kivi-4bit/ { print ($3 > 1 ? "gains on vllm" : "loses on vllm") "," $4 }'
gains on vllm, none 
