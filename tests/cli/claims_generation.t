# Claims of what is not generated token by token, and of what reuses features: a verdict changes only with what is simulated.
$ export XDG_CACHE_HOME=$PWD/cache; gable claims bac cachequant dkv_cache ecad freecache hamburger harmonica mor parallelbench prefixkv --db all.db | tail -n 1 | cut -d: -f1; gable sql 'select key, count(*) as rows, sum(verdict = '"'reproduced'"') as reproduced, sum(verdict = '"'direction'"') as direction, sum(verdict = '"'not'"') as "not" from claim group by key' --db all.db
62 claims
key            rows  reproduced  direction  not
-------------  ----  ----------  ---------  ---
bac               5           2          2    0
cachequant        5           0          2    1
dkv_cache        11           6          3    0
ecad              4           0          2    1
freecache         5           2          2    0
hamburger         7           2          5    0
harmonica         5           1          2    0
mor              13          12          0    1
parallelbench     3           2          0    0
prefixkv          4           2          0    1
