"""fault.py - whole runs of gable in which the nth allocation or the nth write fails, for every n (or, where that is much, for
n spread over all of them; FAULT_MOST says how many a command and kind of fault, 0: every one).

Whatever fails, gable ends with exit 1 or 2 and one message (or as if nothing had been, where it could do without), no file is
left half written or beside its place, and a store opens clean with whole runs only. Prints TAP.

    fault.py GABLE INJECT.SO KINDS [COMMAND...]      KINDS: alloc, house, write, as inject.c says
"""
import concurrent.futures, os, re, shutil, sqlite3, struct, subprocess, sys, tempfile, threading

GABLE, INJECT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
KINDS, ONLY = sys.argv[3].split(","), sys.argv[4:]
MOST, JOBS = int(os.environ.get("FAULT_MOST", "40")), int(os.environ.get("JOBS", 0)) or os.cpu_count()
SHOWN = 5  # faults of a command that are told

SCENARIO = """{"name": "few", "trace": {"generate": {"requests": 6, "arrival": {"use": "poisson", "rate_s": 8},
 "input": {"use": "uniform", "low": 100, "high": 900}, "output": {"use": "fixed", "tokens": 12}}}}"""
FILES = {
    "s.json": SCENARIO,
    "sweep.json": '{"gable": "sweep/1", "scenario": "s.json", "grid": {"engine.max_num_seqs": [1, 2], "run.seed": [1, 2]}}',
    "plan.json": '{"gable": "plan/1", "scenario": "s.json", "slo": {"ttft_ms": 500}, "find": "fleet", "replications": 1,'
                 ' "choices": {"cluster.hardware": ["l4", "h100-sxm"], "cluster.replicas": [1, 2]}}',
    "gemm.csv": "dtype,m,n,k,latency_us\n" + "".join(
        f"bf16,{m},{n},{k},{4 + 1.15 * n * k * 2 / 3.35e6 + 2 * m * n * k / 700e6:.4f}\n"
        for n in range(4096, 20481, 4096) for k in range(4096, 16385, 4096) for m in (1, 16, 256, 4096)),
    "old.txt": "what stood there before\n",
}
# Made by gable itself, undisturbed: name -> command.
MADE = {
    "r0.db": "run s.json --db r0.db --requests all",
    "s1.db": "sweep sweep.json --shard 1/2 --db s1.db",
    "s2.db": "sweep sweep.json --shard 2/2 --db s2.db",
    "base.json": "baseline s.json --replications 10 -o base.json",
    "t.jsonl": "trace generate --requests 40 -o t.jsonl",
    "j.md": "gate base.json --markdown j.md",
}
# name -> command; files that it writes stand behind -o, --db, --junit, --markdown, merge.
COMMANDS = {
    "run": "run s.json --db new.db --requests all",
    "run_more": "run s.json --db r0.db",
    "run_json": "run s.json --json",
    "sweep": "sweep sweep.json -j 2 --db new.db --progress off",
    "shard": "sweep sweep.json --shard 1/2 --db new.db --progress off",
    "merge": "merge new.db s1.db s2.db --progress off",
    "report": "report --db r0.db -o new.html",
    "export": "export --db r0.db -o new.csv",
    "perfetto": "export --db r0.db --format perfetto -o new.json",
    "why": "why --db r0.db",
    "sql": "sql 'SELECT * FROM summary' --db r0.db --json",
    "baseline": "baseline s.json --replications 10 -o base.json",
    "gate": "gate base.json --junit new.xml --markdown j.md",
    "convert": "trace convert t.jsonl --to vidur -o new.csv",
    "info": "trace info t.jsonl --json",
    "generate": "trace generate --requests 60 -o t.jsonl",
    "plan": "plan plan.json -j 1 --json --progress off",
    "calibrate": "calibrate gemm.csv --hardware h200-sxm --date 2026-01-02 -o new.json --db new.db",
    "sens": "sens s.json --db r0.db -j 1 --progress off",
    "slurm": "slurm sweep.json -o job",
    "model": "model llama-2-7b --compress 'snapkv{cap=1024},kivi-2bit,minicache{overlap=1}' --json",
    "import": "import vllm 'vllm serve meta-llama/Llama-3.1-8B-Instruct -tp 2' -o new.json",
}


def words(command):
    return [a or b for a, b in re.findall(r"'([^']*)'|(\S+)", command)]


def outputs(command):
    w = words(command)
    return [w[i + 1] for i, x in enumerate(w) if x in ("-o", "--db", "--junit", "--markdown", "merge")]


def plain(data):
    """What clocks, memory and the place of the folder say is no part of an answer."""
    return re.sub(rb'"(wall_s|peak_rss_mib)": ?[0-9.e+-]+|[0-9.]+ s\b|[0-9]+ MiB|/[^ ]*gable-fault-[^ ]*', b"", data)


def run(folder, command, fault, count=None):
    env = dict(os.environ, LD_PRELOAD=INJECT, FAULT=fault, TMPDIR=os.path.join(folder, "tmp"), XDG_CACHE_HOME=os.path.join(folder, "tmp"))
    if count:
        env["FAULT_COUNT"] = count
    try:
        p = subprocess.run([GABLE] + words(command), cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        return p.returncode, p.stdout, p.stderr
    except subprocess.TimeoutExpired:
        return "hung", b"", b""


def read(path):
    with open(path, "rb") as f:
        return f.read()


def tree(folder):
    out = {}
    for at, _, names in os.walk(folder):
        for n in names:
            path = os.path.join(at, n)
            out[os.path.relpath(path, folder)] = read(path)
    return out


def store(path):
    """The store's runs, each by what must be whole of it, or a complaint."""
    try:
        c = sqlite3.connect(path)
        if c.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            return "is damaged"
        if not c.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return []
        if c.execute("PRAGMA foreign_key_check").fetchall():
            return "has rows without their run"
        rows = c.execute("SELECT name, seed, scenario_hash, result IS NOT NULL, (SELECT count(*) FROM metric WHERE run = r.id),"
                         " (SELECT count(*) FROM request WHERE run = r.id), (SELECT count(*) FROM timeline WHERE run = r.id) FROM run AS r").fetchall()
        m = c.execute("SELECT count(*) FROM measurement").fetchone()[0]
        return sorted(map(repr, rows)) + [f"{m} measurements"] * (m > 0)
    except sqlite3.Error as e:
        return f"cannot be read: {e}"
    finally:
        c.close()


class Case:
    def __init__(self, name, template):
        self.name, self.command, self.template = name, COMMANDS[name], template
        self.writes = outputs(self.command)
        self.before = tree(template)

    def put(self, folder):
        """The folder as the template is."""
        for name in tree(folder):
            if name not in self.before:
                os.unlink(os.path.join(folder, name))
        for name, data in self.before.items():
            path = os.path.join(folder, name)
            if not os.path.exists(path) or read(path) != data:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as f:
                    f.write(data)
        for at in ("job",):
            shutil.rmtree(os.path.join(folder, at), ignore_errors=True)

    def undisturbed(self, folder, kind):
        self.put(folder)
        count = os.path.join(folder, "tmp", "count")
        self.code, self.out, said = run(folder, self.command, f"{kind}:0", count)
        if self.code not in (0, 3, 4):
            return f"fails by itself: {self.code} {said.decode()}"
        self.n = struct.unpack("q", read(count))[0]
        os.unlink(count)
        self.after = tree(folder)
        self.runs = {w: store(os.path.join(folder, w)) for w in self.writes if w.endswith(".db")}
        return None

    def judge(self, folder, kind, code, out, said):
        """What is wrong with what a disturbed command left, or None."""
        if code not in (1, 2, self.code):
            return "hung" if code == "hung" else f"exit {code}"
        if b"Sanitizer" in said or b"runtime error" in said:
            return "a sanitizer's report"
        if code in (1, 2) and code != self.code:
            lines = [x for x in said.decode(errors="replace").splitlines() if not x.startswith("gable: warning: ") and not x.startswith("gable: note: ")]
            if not 1 <= len(lines) <= 4 or not lines[0].startswith("gable: "):
                return f"{len(lines)} lines of message"
            if out and code == 2:
                return "an answer beside the failure"
        elif plain(out) != plain(self.out):
            return "another answer"
        return self.judge_files(folder, code)

    def judge_files(self, folder, code):
        now = tree(folder)
        stores = {w for w in self.writes if w.endswith(".db")}
        for name, data in now.items():
            if any(name in (s, s + "-wal", s + "-shm", s + "-journal") for s in stores):
                continue
            if name not in self.before and name not in self.after:
                return f"left {name}"
            if data != self.before.get(name) and plain(data) != plain(self.after.get(name, b"")) and b": not judged" not in data:
                return f"half of {name}"
        for name in self.before:
            if name not in now:
                return f"lost {name}"
        for s in stores:
            path = os.path.join(folder, s)
            if not os.path.exists(path):
                if code == self.code:
                    return f"no {s}"
                continue
            runs = store(path)
            if isinstance(runs, str):
                return f"{s} {runs}"
            if code == self.code and runs != self.runs[s]:
                return f"{s} lacks runs"
            if any(r not in self.runs[s] for r in runs):
                return f"{s} holds part of a run"
        return None

    def chosen(self):
        if not MOST or self.n <= MOST:
            return range(1, self.n + 1)
        return sorted({1 + i * self.n // MOST for i in range(MOST)})


def disturb(case, kind, work):
    """Every chosen n over some threads; the complaints, how many were tried, and how they ended."""
    todo, wrong, codes, lock = iter(case.chosen()), [], {}, threading.Lock()

    def go(k):
        folder = os.path.join(work, str(k))
        os.makedirs(os.path.join(folder, "tmp"), exist_ok=True)
        while True:
            with lock:
                n = next(todo, 0)
            if not n:
                return
            case.put(folder)
            code, out, said = run(folder, case.command, f"{kind}:{n}")
            bad = case.judge(folder, kind, code, out, said)
            with lock:
                codes[code] = codes.get(code, 0) + 1
                if bad:
                    wrong.append((n, bad, said.decode(errors="replace").strip()))

    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(go, range(JOBS)))  # raises what a thread raised
    return sorted(wrong), codes


def main():
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    number = failed = 0
    with tempfile.TemporaryDirectory(prefix="gable-fault-", dir=base) as work:
        template = os.path.join(work, "template")
        os.makedirs(os.path.join(template, "tmp"))
        for name, text in FILES.items():
            with open(os.path.join(template, name), "w") as f:
                f.write(text)
        for name, command in MADE.items():
            if subprocess.run([GABLE] + words(command), cwd=template, capture_output=True).returncode or not os.path.exists(os.path.join(template, name)):
                sys.exit(f"cannot make {name}")
        for kind in KINDS:
            for name in ONLY or COMMANDS:
                case, folder = Case(name, template), os.path.join(work, "0")
                os.makedirs(os.path.join(folder, "tmp"), exist_ok=True)
                number += 1
                alone = case.undisturbed(folder, kind)
                if not alone and not case.n:
                    print(f"ok {number} - {kind} {name}: none to fail", flush=True)
                    continue
                wrong, codes = ([(0, alone, "")], {}) if alone else disturb(case, kind, work)
                failed += bool(wrong)
                ends = ", ".join(f"{v} exit {k}" for k, v in sorted(codes.items(), key=str))
                print(f"{'not ok' if wrong else 'ok'} {number} - {kind} {name}: {sum(codes.values())} of {getattr(case, 'n', 0)} failed in turn ({ends})", flush=True)
                for n, bad, said in wrong[:SHOWN]:
                    print(f"#   {kind}:{n}: {bad}\n#     " + said.replace("\n", "\n#     ")[:600])
                if len(wrong) > SHOWN:
                    print(f"#   ... and {len(wrong) - SHOWN} more")
    print(f"1..{number}")
    sys.exit(failed > 0)


main()
