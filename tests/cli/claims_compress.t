# gable claims of published compression methods that choose tokens: a verdict changes only with what is simulated or what a card says.
$ export XDG_CACHE_HOME=$PWD/cache; gable claims alisa attention_sink_empirical cake d2o elastic_cache h2o keyformer kvcrush kvmerger locret lserve minicache mpcache quickvideo razorattention scalekv scissorhands sentencekv snapkv streamingllm windowkv --db all.db | tail -n 1; gable sql 'select key, count(*) as rows, sum(verdict = '"'reproduced'"') as reproduced, sum(verdict = '"'direction'"') as direction, sum(verdict = '"'not'"') as "not" from claim group by key' --db all.db
107 claims: *
key                       rows  reproduced  direction  not
------------------------  ----  ----------  ---------  ---
alisa                        7           2          3    2
attention_sink_empirical     1           0          0    0
cake                        10           6          2    1
d2o                          2           0          2    0
elastic_cache                3           2          0    0
h2o                          8           7          0    1
keyformer                    6           5          1    0
kvcrush                      2           1          0    0
kvmerger                     3           2          0    0
locret                       6           5          1    0
lserve                       7           2          5    0
minicache                    5           2          2    1
mpcache                      3           1          0    2
quickvideo                   4           4          0    0
razorattention               6           6          0    0
scalekv                     12          10          1    1
scissorhands                 4           4          0    0
sentencekv                   6           5          0    0
snapkv                       7           6          1    0
streamingllm                 3           2          0    0
windowkv                     2           1          0    0
# Whatever lies outside its tolerance says why.
$ gable sql "select count(*) as without from claim where verdict <> 'reproduced' and (reason = '' or reason like '%no cause found%')" --db all.db --csv
without
0
