"""Says whether out.json, in the words of vLLM's bench serve, and run.json, a run's own result, tell the same. With
`gaps`: writes measured.json, out.json with each request's gaps, all equal, as the store r.db has them."""

import json
import sqlite3
import sys

if sys.argv[1:] == ['gaps']:
    d = json.load(open('out.json'))
    rows = sqlite3.connect('r.db').execute('select output, finish_ns - first_token_ns from request order by serial')
    d['itls'] = [[ns / 1e9 / (n - 1)] * (n - 1) if n > 1 else [] for n, ns in rows]
    json.dump(d, open('measured.json', 'w'))
    sys.exit(0)
d, r = json.load(open('out.json')), json.load(open('run.json'))
same = lambda a, b: abs(a - b) <= 1e-9 * abs(b)
for m in ('ttft', 'tpot', 'itl', 'e2el'):
    print(m, all(same(d[a + '_' + m + '_ms'], r[m + '_ms'][b]) for a, b in (('mean', 'mean'), ('median', 'p50'), ('p99', 'p99'))))
print(same(d['duration'], r['duration_s']), same(d['request_throughput'], r['throughput']['request_s']), same(d['total_token_throughput'], r['throughput']['total_tok_s']))
print(d['backend'], d['model_id'], d['num_prompts'], d['completed'], d['failed'], d['request_rate'], len(d['ttfts']), sum(d['output_lens']) == d['total_output_tokens'])
mean = sum(d['ttfts']) / 40
print(same(1e3 * (sum((x - mean) ** 2 for x in d['ttfts']) / 40) ** .5, d['std_ttft_ms']))
