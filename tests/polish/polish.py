"""polish.py GABLE explained|valid|flags - every name that `gable list` prints is explained as KIND/NAME; every JSON Schema is a valid one, and
every document that is shipped, and what a run stores of its scenario, keeps the schema of its kind.
flags: prints every flag behind its command."""

import glob
import json
import subprocess
import sys

GABLE = sys.argv[1]


def gable(*args):
    return subprocess.run([GABLE, *args], capture_output=True, text=True)


def explained():
    """Complaints."""
    names = set()
    for kind in ("hardware", "llm", "runtime", "policies", "cards"):
        for part, things in json.loads(gable("list", kind, "--json").stdout).items():
            names |= {f"{t.get('family') or t.get('kind') or part}/{t['name']}" for t in things}
    assert len(names) > 250
    for name in sorted(names):
        got = gable("explain", name)
        if got.returncode or not got.stdout.strip():
            yield f"{name}: {got.stderr}"


def valid():
    import jsonschema

    kinds = ("scenario", "trace", "policies", "sweep", "plan", "baseline", "claims")
    checker = {kind: jsonschema.Draft202012Validator(json.loads(gable("schema", kind).stdout)) for kind in kinds}
    documents = [("scenario", "a stored scenario", json.loads(gable("run", "--set", "trace.limit=2", "--json").stdout)["scenario"])]
    for path in sorted(glob.glob("reports/studies/*.json") + glob.glob("reports/claims/*.json") + glob.glob("tests/bench/*.json")):
        with open(path) as f:
            document = json.load(f)
        documents.append((document["gable"].split("/")[0], path, document))
        inside = document.get("scenarios", {}).values() if "claims" in document else [document.get("scenario")]
        documents += [("scenario", path, s) for s in inside if isinstance(s, dict)]
    documents += [("trace", path, d["trace"]) for kind, path, d in documents if kind == "scenario" and "trace" in d]
    for c in checker.values():
        c.check_schema(c.schema)
    known = [d for d in documents if d[0] in checker]
    assert len(known) > 60
    for kind, path, document in known:
        for error in checker[kind].iter_errors(document):
            yield f"{path} ({kind}): {'.'.join(map(str, error.path))}: {error.message[:200]}"
    for kind, wrong in (("scenario", {"engine": {"max_num_seq": 3}}), ("plan", {"mix": {"most": 3}}), ("sweep", {"gable": "sweep/1"})):
        if checker[kind].is_valid(wrong):
            yield f"the schema of a {kind} takes {wrong}"


def flags(commands, before=""):
    for c in commands:
        if "commands" in c:
            yield from flags(c["commands"], before + c["name"] + " ")
        else:
            yield from (f"{before}{c['name']} --{f['flag']}" for f in c["flags"])


if sys.argv[2] == "flags":
    print("\n".join(flags(json.loads(gable("help", "--json").stdout)["commands"])))
    sys.exit(0)
complaints = list({"explained": explained, "valid": valid}[sys.argv[2]]())
print("\n".join(complaints))
sys.exit(bool(complaints))
