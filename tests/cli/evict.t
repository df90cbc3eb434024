# Eviction without an engine: what each policy finds, the curve of one pass, what is refused.
$ cat > gen.awk <<'END'
> BEGIN { for (i = 0; i < 300; i++) { n = 1 + (i * 7) % 5; s = ""; for (k = 0; k < n; k++) s = s (k ? "," : "") ((i * i) % 23) * 10 + k
>     printf "{\"timestamp\": %d, \"input_length\": %d, \"output_length\": 1, \"hash_ids\": [%s]}\n", i * 2000, n * 512, s } }
> END
$ awk -f gen.awk > t.jsonl; for p in none fifo random clock lfu lru lru_tail leaf_lru session 'ttl{ttl_s=20}' twoq arc s3fifo sieve gdsf lec advice 'advice{bit=phase,error=0.1}' 'belady{bypass=false}' belady; do gable trace hits t.jsonl --blocks 20 --evict "$p" --json | awk -F'[:,]' -v p="$p" '/"hit_blocks"/ {print p $2}'; done
none 0
fifo 243
random 150
clock 241
lfu 345
lru 243
lru_tail 268
leaf_lru 268
session 268
ttl{ttl_s=20} 233
twoq 163
arc 183
s3fifo 166
sieve 335
gdsf 225
lec 406
advice 480
advice{bit=phase,error=0.1} 271
belady{bypass=false} 480
belady 490
$ gable trace hits t.jsonl --blocks 20 --evict random --seed 2 --json > a; gable trace hits t.jsonl --blocks 20 --evict random --seed 2 --json | cmp - a
$ gable trace hits t.jsonl --blocks 20 --evict 'ttl{ttl_s=0}'
! gable: 'ttl_s' is out of range: 0
!   where: --evict ttl_s
!   expected: a number from 0.001 to 1000000000 (s)
? 2
$ gable trace hits t.jsonl --blocks 20 --evict 'advice{bit=page}'
! gable: 'bit' has no choice "page"
!   where: --evict bit
!   expected: discard or phase
? 2
$ gable trace mrc t.jsonl --blocks 10,20,40,inf
lru, 900 block uses, 60 different blocks
capacity  blocks hit  tokens hit   missed  tokens missed
--------  ----------  ----------  -------  ------------------------------------
      10          95     10.56 %  89.44 %  ####################################
      20         243     27.00 %  73.00 %  #############################
      40         535     59.44 %  40.56 %  ################
     inf         840     93.33 %   6.67 %  ###

how many other blocks are used between two uses of a block
     from  uses  share of the largest
---------  ----  ----------------------------------------
        0     7  #
        1     5
        2    21  ##
        4    54  #####
        8   125  ############
       16   225  ######################
       32   403  ########################################
first use    60  ######

how long a block is used: from its first use to its last
  up to  blocks     share
-------  ------  --------  ----------------------------------------
    0 s       0    0.00 %
    1 s       0    0.00 %
   10 s       0    0.00 %
   60 s       0    0.00 %
  600 s      60  100.00 %  ########################################
 3600 s       0    0.00 %
86400 s       0    0.00 %
 longer       0    0.00 %
$ gable trace mrc t.jsonl --blocks 20 --json | head -n 18
{
  "policy": "lru",
  "sample": 1,
  "requests": 300,
  "total_blocks": 900,
  "total_tokens": 460800,
  "unique_blocks": 60,
  "first_uses": 60,
  "curve": [
    {
      "capacity_blocks": 20,
      "hit_blocks": 243,
      "hit_tokens": 124416,
      "hit_ratio": 0.27,
      "miss_ratio": 0.73
    }
  ],
  "reuse_distance": [
$ gable trace mrc t.jsonl --blocks 20,,4
! gable: cannot use --blocks 20,,4
!   where: --blocks
!   expected: up to 64 numbers from 1 to 2147483647, or inf, with commas between
? 2
$ gable trace mrc t.jsonl --sample 0
! gable: 'sample' is out of range: 0
!   where: --sample
!   expected: a number from 1e-06 to 1 (share)
? 2
$ gable trace mrc t.jsonl --sample 0.5 --blocks 20,inf | head -n 5
lru, 900 block uses, 64 different blocks, estimated from 0.5 of the ids
capacity  blocks hit  tokens hit   missed  tokens missed
--------  ----------  ----------  -------  -------------------------------
      20         210     23.33 %  76.67 %  ###############################
     inf         836     92.89 %   7.11 %  ###
$ gable trace mrc t.jsonl --evict fifo
! gable: 'evict' has no choice 'fifo'
!   where: --evict
!   expected: lru or lru_tail
? 2
$ gable run --set policy.evict=belady
! gable: evict policy 'belady' needs to know the accesses to come, and in a timed run they follow from what it evicts
!   where: policy.evict
!   expected: a policy without an oracle; `gable trace hits --evict belady` replays a recorded order
? 2
$ gable run --set policy.evict=advice --json
! gable: evict policy 'advice' needs to know the accesses to come, and in a timed run they follow from what it evicts
!   where: policy.evict
!   expected: a policy without an oracle; `gable trace hits --evict advice` replays a recorded order
? 2
$ gable explain evict/s3fifo
evict/s3fifo - Three FIFO queues: a small one for new blocks, a main one for those used again, ghosts of those that went.
source: Yang et al., FIFO queues are all you need for cache eviction (SOSP 2023); libCacheSim's S3FIFO on flat sets

parameters
    small    REAL  0.1  0..1  share  The small queue's share of the capacity.
    ghosts   REAL  0.9  0..1  share  Blocks that went and are remembered, as a share of the capacity.
    promote  INT   2    1..3  uses   Uses in the small queue that earn a place in the main one.

in a scenario: "policy": {"evict": {"use": "s3fifo", "small": 0.1}}
# Costs that differ by id: lec keeps what is dear.
$ echo '{"trace":{"generate":{"requests":3000,"documents":{"pool":20,"each":1,"zipf":0.2}}}}' > pages.json; gable trace generate --from pages.json -o pages.jsonl; for e in lfu lec; do gable trace hits pages.jsonl --blocks 10 --evict $e --cost 'two{low=1,high=50}' | grep -E '^(lfu|lec|cost)'; done
lfu, 10 blocks, 1,453 evicted
cost                  53,967     85,467  63.14 %
lec, 10 blocks, 1,439 evicted
cost                  77,354     85,467  90.51 %
$ gable trace hits pages.jsonl --cost 'two{lo=1}'
! gable: unknown key 'lo'
!   where: --cost lo
!   expected: one of use, low, high, share
!   nearest: low
? 2
