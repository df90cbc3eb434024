# The store: what --db keeps, and the stores that cannot be.
$ printf '{"name": "small", "trace": {"generate": {"requests": 40, "arrival": {"use": "poisson", "rate_s": 8}, "input": {"use": "fixed", "tokens": 200}, "output": {"use": "fixed", "tokens": 20}}}}' > s.json; gable run s.json --db r.db --requests all | tail -n 1
$ gable run s.json --db r.db --requests none --json | head -n 2
$ gable run s.json --db r.db --seed 7 --set policy.schedule=prefill_first | tail -n 1
$ gable sql 'SELECT r.id, r.name, r.seed, count(q.serial) AS requests FROM run r LEFT JOIN request q ON q.run = r.id GROUP BY r.id' --db r.db
$ gable sql 'SELECT run, value FROM run_param WHERE key = '"'policy.schedule.use'" --db r.db --csv
$ gable sql 'SELECT count(*) > 20 AS metrics FROM metric WHERE run = 1' --db r.db --json
$ gable sql 'SELECT key FROM run, json_each(cards) WHERE run.id = 1 ORDER BY key' --db r.db --csv
$ gable sql 'SELECT count(*) > 0 AS samples FROM timeline WHERE run = 1' --db r.db --csv
$ gable sql 'SELECT json_extract(result, "$.seed") FROM run' --db r.db
$ gable sql "SELECT a.scenario_hash = b.scenario_hash AS same FROM run a, run b WHERE a.id = 1 AND b.id = 2" --db r.db --csv
$ gable sql 'DELETE FROM run' --db r.db
$ gable sql 'SELECT * FROM runs' --db r.db
$ gable sql 'SELECT 1' --db nowhere.db
$ gable sql 'SELECT 1' --json --csv
$ gable export 1 --db r.db | head -n 1
$ gable export 1 --db r.db --json | wc -l
$ gable export 2 --db r.db
$ gable export 99 --db r.db
$ gable export one --db r.db
# Without --db nothing is written.
$ mkdir clean && cd clean && gable run ../s.json > /dev/null && ls
$ gable run s.json --db nofolder/r.db
$ gable run s.json --db .
$ printf 'this is not a store, it is a text file of some length' > text.db; gable run s.json --db text.db; cat text.db; echo
# Read-only: as root the permission bits count only without the capability.
$ cp r.db ro.db; chmod 444 ro.db; drop=; [ "$(id -u)" = 0 ] && drop='setpriv --bounding-set -dac_override'; $drop gable run s.json --db ro.db
$ mkdir rodir; chmod 555 rodir; drop=; [ "$(id -u)" = 0 ] && drop='setpriv --bounding-set -dac_override'; $drop gable run s.json --db rodir/r.db
# A full disk, as a limit on the file's size: the earlier runs stay, the new one leaves nothing.
$ cp r.db full.db; trap '' XFSZ; ulimit -f $(( $(wc -c < full.db) / 512 + 8 )); gable run s.json --db full.db --requests all
$ gable sql 'SELECT count(*) AS runs FROM run' --db full.db --csv
$ (trap '' XFSZ; ulimit -f 8; gable run s.json --db new.db); ls new.db*
$ gable run s.json > /dev/full
$ gable run s.json --json > /dev/full
$ gable list policies >&-
$ gable list policies | true
