"""pods.py PAGE FOLDER - runs the Jobs of the page as Kubernetes would run their pods, in FOLDER. Prints TAP."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import yaml

page, folder = Path(sys.argv[1]), Path(sys.argv[2])
count = failures = 0


def check(name, good, why=""):
    global count, failures
    count += 1
    failures += not good
    print(f"{'ok' if good else 'not ok'} {count} - {name}")
    if not good:
        print("\n".join(f"#   {line}" for line in str(why).splitlines()[-15:]))


def pod(job, index=None):
    """Starts the pod's one container: command and args as they stand, its environment, in the folder of its volume."""
    container = job["spec"]["template"]["spec"]["containers"][0]
    env = {**os.environ, **{e["name"]: e["value"] for e in container.get("env", [])}}
    if index is not None:
        env["JOB_COMPLETION_INDEX"] = str(index)
    mounts = {m["mountPath"] for m in container["volumeMounts"]}
    assert container["workingDir"] in mounts, "works on the volume"
    return subprocess.Popen(
        container["command"] + container["args"], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def content(db):
    """Everything in a store but clock times, memory and host."""
    queries = [
        "SELECT id, name, scenario, scenario_hash, cards, plugins, seed, version, runtime, calibration, json_remove(result, '$.sim') FROM run ORDER BY 1",
        "SELECT * FROM run_param ORDER BY 1, 2",
        "SELECT * FROM metric WHERE name || stat NOT IN ('simwall_s', 'simpeak_rss_mib') ORDER BY 1, 2, 3",
        "SELECT * FROM request ORDER BY 1, 2",
        "SELECT * FROM timeline ORDER BY 1, 2, 3",
        "SELECT * FROM sweep",
        "SELECT * FROM sweep_point ORDER BY 1, 2",
    ]
    with sqlite3.connect(db) as c:
        return [c.execute(q).fetchall() for q in queries]


sweep, merge = (yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL))
spec = sweep["spec"]
n = spec["completions"]
container = spec["template"]["spec"]["containers"][0]
env = {e["name"]: e["value"] for e in container["env"]}
check("both documents are Jobs", [d["apiVersion"] + d["kind"] for d in (sweep, merge)] == ["batch/v1Job"] * 2)
check("the first is Indexed, with a pod a shard", spec["completionMode"] == "Indexed" and env["SHARDS"] == str(n) and n > 1)
# What the API server demands of a podFailurePolicy.
rules = spec["podFailurePolicy"]["rules"]
check("pods that fail are new pods", spec["template"]["spec"]["restartPolicy"] == "Never" and rules[0]["onExitCodes"]["containerName"] == container["name"])
for job in (sweep, merge):
    s = job["spec"]["template"]["spec"]
    check(f"{job['metadata']['name']}: volumes that are mounted are there", {m["name"] for m in s["containers"][0]["volumeMounts"]} == {v["name"] for v in s["volumes"]})

document = {
    "gable": "sweep/1",
    "scenario": {"trace": {"generate": {"requests": 4000, "arrival": {"use": "poisson", "rate_s": 3}}}},
    "grid": {"engine.max_num_seqs": [8, 16, 32, 64, 128], "run.seed": [1, 2, 3, 4, 5, 6]},
}
(folder / "sweep.json").write_text(json.dumps(document))

# A pod that is killed while it writes its second point (one takes less than 280,000 bytes), and the new pod of the same index.
first = pod(sweep, 0)
store = folder / "shard-1.db"
while first.poll() is None and not (store.exists() and store.stat().st_size > 300_000):
    time.sleep(0.005)
first.send_signal(signal.SIGKILL)
first.communicate()
check("a pod is killed in the middle", first.returncode == -signal.SIGKILL, first.returncode)
again = pod(sweep, 0)
said = again.communicate()[0]
there = re.search(r": (\d+) simulated in .*, (\d+) were in the store", said)
check("the new pod goes on where it was", again.returncode == 0 and there and int(there[2]) > 0 and int(there[1]) + int(there[2]) == 4, said)

# An eviction: gable itself hears the TERM.
evicted = pod(sweep, 1)
while evicted.poll() is None and not (folder / "shard-2.db").exists():
    time.sleep(0.005)
evicted.terminate()
said = evicted.communicate()[0]
check("a pod that is evicted says what it keeps", evicted.returncode == 143 and "are in the store" in said, f"{evicted.returncode} {said}")

for index in range(1, n):
    p = pod(sweep, index)
    said = p.communicate()[0]
    check(f"pod {index} ends well", p.returncode == 0, said)
late = pod(sweep, n - 1)
check("one that is started once more has nothing to do", ": 0 simulated" in late.communicate()[0] and late.returncode == 0)

joined = pod(merge)
said = joined.communicate()[0]
check("the merge has all points", joined.returncode == 0 and "30 of 30 points" in said, said)
subprocess.run(["gable", "sweep", "sweep.json", "--db", "one.db"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
check("the store is that of one machine", content(folder / "merged.db") == content(folder / "one.db"))

(folder / "sweep.json").write_text(json.dumps({**document, "grid": {"engine.max_num_sequences": [1, 2]}}))
bad = pod(sweep, 0)
bad.communicate()
check("bad input ends with the code that the policy gives up on", [bad.returncode] == rules[0]["onExitCodes"]["values"], bad.returncode)
print(f"1..{count}")
sys.exit(failures > 0)
