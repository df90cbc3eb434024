# peers.py GABLE FOLDER [MOONCAKE] - blocks found by gable's eviction policies and by libCacheSim's, as TAP.
# A request here is one block, so a leading run is a hit and nothing else. 2Q and S3-FIFO of libCacheSim cannot hold an
# object as large as their first queue, so capacities are 20 blocks and more.
import gzip
import json
import os
import random
import subprocess
import sys

import libcachesim as lib

PEERS = {"lru": lib.LRU, "fifo": lib.FIFO, "lfu": lib.LFU, "clock": lib.Clock, "sieve": lib.Sieve, "twoq": lib.TwoQ,
         "s3fifo": lib.S3FIFO, "arc": lib.ARC, "gdsf": lib.GDSF}


def zipf(ids, n, exponent, seed):
    return random.Random(seed).choices(range(ids), weights=[(i + 1) ** -exponent for i in range(ids)], k=n)


def scans_and_loops():
    out, fresh = [], 100000
    for turn in range(40):
        out += range(700)                      # a loop larger than a small pool
        out += zipf(300, 1500, 0.9, turn)
        out += range(fresh, fresh + 900)       # a scan: never again
        fresh += 900
    return out


def mooncake(path):
    with gzip.open(path, "rt") as f:
        return [i for line in f for i in json.loads(line)["hash_ids"]]


def found_by_peer(make, ids, blocks):
    cache, request, found = make(blocks, hashpower=16), lib.Request(), 0
    request.obj_size = 1
    for i in ids:
        request.obj_id = i + 1
        found += cache.get(request)
    return found


def found_by_gable(gable, path, policy, blocks):
    text = subprocess.check_output([gable, "trace", "hits", path, "--evict", policy, "--blocks", str(blocks), "--json"])
    return json.loads(text)["found_blocks"]


def main(gable, folder, trace=None):
    work = [("zipf", zipf(2000, 60000, 0.8, 1), (20, 200, 777)), ("scans and loops", scans_and_loops(), (100, 400, 1000))]
    if trace and os.path.exists(trace):
        work.append(("mooncake ids", mooncake(trace), (1000, 5859)))
    n = failed = 0
    for name, ids, sizes in work:
        path = os.path.join(folder, "ids.jsonl")
        with open(path, "w") as f:
            for i in ids:
                f.write('{"timestamp":0,"input_length":512,"output_length":1,"hash_ids":[%d]}\n' % i)
        for policy, peer in PEERS.items():
            got = [found_by_gable(gable, path, policy, b) for b in sizes]
            want = [found_by_peer(peer, ids, b) for b in sizes]
            n += 1
            failed += got != want
            print("%s %d - %s on %s: %s" % ("ok" if got == want else "not ok", n, policy, name, got), flush=True)
            if got != want:
                print("#   libcachesim: %s" % want)
    print("1..%d" % n)
    return failed > 0


sys.exit(main(*sys.argv[1:]))
