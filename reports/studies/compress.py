#!/usr/bin/env python3
"""The study of COMPRESSION.md: what twelve methods of KV compression and their compositions are worth, and what they cost in quality.

    python3 reports/studies/compress.py               writes the tables and charts of COMPRESSION.md anew
    python3 reports/studies/compress.py --quick F     the same of a few configurations, into folder F

Environment: GABLE, the program (build/gable); JOBS, plans at a time (2). Charts need gnuplot; without it the tables are written alone.
Needs nothing beyond Python's own library. Nothing is kept from one call to the next: some minutes on two cores.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GABLE = os.environ.get("GABLE", str(ROOT / "build/gable"))
JOBS = int(os.environ.get("JOBS", "2"))
TASK = "LongBench"
BUDGET = 0.05  # of the prompt, in the lab

NONE = ""
METHODS = ["streamingllm", "h2o", "snapkv{cap=1024}", "windowkv", "cake", "razorattention", "lserve", "think", "minicache", "cq",
           "kivi-2bit", "kivi-4bit"]
COMPOSITIONS = ["windowkv,kivi-4bit", "snapkv{cap=1024},kivi-4bit", "snapkv{cap=1024},think", "razorattention,kivi-4bit", "minicache,kivi-4bit",
                "snapkv{cap=1024},kivi-2bit,minicache{overlap=1}"]
GPUS = ["l40s", "a100-80-sxm", "h100-sxm"]
RUNTIMES = ["vllm", "hf_eager"]
WORKLOADS = ["documents", "chat"]


def gable(*args):
    """What the program says, as JSON; None where it ends with 4, infeasible without an answer."""
    done = subprocess.run([GABLE, *args, "--json"], capture_output=True, text=True, cwd=ROOT)
    if done.returncode not in (0, 4):
        sys.exit(f"compress.py: {' '.join(args)}: {done.stderr.strip()}")
    return json.loads(done.stdout) if done.stdout else None


def settings(workload, gpu, runtime, method):
    out = []
    for key, value in (("policy.compress", method or "[]"), ("cluster.hardware", gpu), ("engine.runtime", runtime)):
        out += ["--set", f"{key}={value}"]
    return out


def largest_rate(point):
    plan = gable("plan", str(HERE / f"compress_{point[0]}.json"), *settings(*point))
    best = plan["best"] if plan and plan["verdict"] == "feasible" else None
    return {"rate": best["rate_s"], "usd": best["usd_per_mtok_output"]} if best else None


def loss(method):
    """Percent of the baseline that a composition loses on LongBench by what was published: of each method the row that loses most,
    added up; and whether that was ever measured of the whole. None where a method has no row."""
    if not method:
        return 0.0
    names = bare(method).split(",")
    rows = gable("run", *settings(None, "h100-sxm", "vllm", method))["quality"]
    worst = {}
    for r in rows:
        if r["task"].startswith(TASK) and r["value"] is not None and r["baseline"]:
            lost = max(0.0, 100 * (r["baseline"] - r["value"]) / r["baseline"])
            worst[r["method"]] = max(lost, worst.get(r["method"], 0.0))
    return sum(worst[n] for n in names) if all(n in worst for n in names) else None


def masses():
    """Percent of the attention that methods leave on the lab's synthetic process, at BUDGET of the prompt: mean and 5th percentile. Ranks, no score."""
    return {m["name"]: (100 * m["budgets"][0]["mass"], 100 * m["budgets"][0]["mass_p5"])
            for m in gable("lab", "mass", "--budgets", str(BUDGET))["methods"]}


def bare(method):
    return re.sub(r"\{[^}]*\}", "", method)


def kept_bytes(method):
    sheet = [gable("model", "llama-3.1-8b", "--context", "32768", *(["--compress", m] if m else []))["kv"]["resident_bytes"] for m in (method, NONE)]
    return 100 * sheet[0] / sheet[1]


def words(method):
    return f"`{method}`" if method else "none"


def front(found, methods, lost):
    """Methods that no other beats in both money and quality, of those with a published row."""
    having = [m for m in methods if found[m] and lost[m] is not None]
    return {m for m in having if not any(
        (found[o]["usd"], lost[o]) != (found[m]["usd"], lost[m]) and found[o]["usd"] <= found[m]["usd"] and lost[o] <= lost[m] for o in having)}


def table_of(workload, results, methods, lost, bytes_kept, mass):
    lines = ["| method | KV kept, % | LongBench lost, % | synthetic mass, % | " + " | ".join(f"{g}: requests/s | USD/Mtok" for g in GPUS) + " |",
             "|---|---:|---:|---:|" + "---:|---:|" * len(GPUS)]
    best = {g: front({m: results[workload, g, "vllm", m] for m in methods}, methods, lost) for g in GPUS}
    for m in methods:
        cells = [words(m), f"{bytes_kept[m]:.1f}", "no row" if lost[m] is None else f"{lost[m]:.2f}",
                 f"{mass[bare(m)][0]:.0f} ({mass[bare(m)][1]:.0f})" if bare(m) in mass else "-"]
        for g in GPUS:
            r = results[workload, g, "vllm", m]
            star = "**" if m in best[g] else ""
            cells += [f"{star}{r['rate']:.3g}{star}", f"{star}{r['usd']:.2f}{star}"] if r else ["none", "-"]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def runtimes_of(workload, results, methods):
    """What a method gains over none on each runtime."""
    lines = ["| method | " + " | ".join(f"{g}, {r}" for g in GPUS for r in RUNTIMES) + " |", "|---|" + "---:|" * (len(GPUS) * len(RUNTIMES))]
    for m in methods:
        cells = [words(m)]
        for g in GPUS:
            for r in RUNTIMES:
                one, base = results[workload, g, r, m], results[workload, g, r, NONE]
                if not m:
                    cells.append(f"{base['rate']:.3g}/s" if base else "none")
                else:
                    cells.append("none" if not one else f"{one['rate'] / base['rate']:.2f}" if base else f"{one['rate']:.3g}/s")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def labels(points):
    """Where the names of points (x, y, name) stand: beside them, those that would overlap one below the other."""
    line, out = 0.045 * max(y for _, y, _ in points), []
    for x, y, name in sorted(points, key=lambda p: -p[1]):
        for ox, oy, other in sorted(out, key=lambda p: -p[1]):
            if abs(oy - y) < line and ox - 0.75 * len(name) < x < ox + 0.75 * len(other):
                y = oy - line
        out.append((x, y, name))
    return out


def chart(folder, workload, results, methods, lost):
    """Money against quality lost, a panel a GPU; what the front holds is joined."""
    if not shutil.which("gnuplot"):
        return
    script = ["set terminal svg size 1200,420 font 'sans-serif,11' background rgb 'white'", f"set output '{folder}/compress_{workload}.svg'",
              "set grid lc rgb '#dddddd'", "set xlabel 'LongBench lost, % of the baseline (published)'", "unset key", "set xrange [-2:32]", "set yrange [0:*]",
              f"set multiplot layout 1,{len(GPUS)} title '{workload}: money against quality (llama-3.1-8b, vllm)'"]
    for g in GPUS:
        found = {m: results[workload, g, "vllm", m] for m in methods}
        inside = [(lost[m], found[m]["usd"], bare(m) or "none") for m in methods if found[m] and lost[m] is not None]
        best = sorted(front(found, methods, lost), key=lambda m: lost[m])
        if not inside:
            script += [f"set title '{g}: none holds the SLO'", "plot NaN"]
            continue
        script += ["$all << EOD", *(f"{x} {y}" for x, y, _ in inside), "EOD",
                   "$names << EOD", *(f'{x} {y} "{name}"' for x, y, name in labels(inside)), "EOD",
                   "$front << EOD", *(f'{lost[m]} {found[m]["usd"]}' for m in best), "EOD",
                   f"set title '{g}'", "set ylabel 'USD a million output tokens'",
                   "plot $front using 1:2 with linespoints lw 2 pt 7 lc rgb '#1f77b4', $all using 1:2 with points pt 6 lc rgb '#555555', "
                   "$names using 1:2:3 with labels offset 0.8,0 left font ',9' noenhanced"]
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)


def write(page, tables):
    """Puts each table between <!-- NAME --> and <!-- end --> of the page."""
    text = page.read_text()
    for name, lines in tables.items():
        text, n = re.subn(rf"(<!-- {name} -->\n).*?(<!-- end -->)", lambda m: m[1] + "\n".join(lines) + "\n" + m[2], text, flags=re.S)
        if n != 1:
            sys.exit(f"compress.py: {page} has no place for {name}")
    page.write_text(text)


def main():
    global GPUS, RUNTIMES
    methods, folder = [NONE, *METHODS, *COMPOSITIONS], HERE
    if len(sys.argv) == 3 and sys.argv[1] == "--quick":
        methods, GPUS, folder = [NONE, "snapkv{cap=1024}", "kivi-4bit"], GPUS[:1], pathlib.Path(sys.argv[2])
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "COMPRESSION.md", folder)
    elif len(sys.argv) != 1:
        sys.exit(__doc__)
    lost = {m: loss(m) for m in methods}
    bytes_kept, mass = {m: kept_bytes(m) for m in methods}, masses()
    points = [(w, g, r, m) for w in WORKLOADS for g in GPUS for r in RUNTIMES for m in methods]
    results = {}
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for i, (point, found) in enumerate(zip(points, pool.map(largest_rate, points)), 1):
            results[point] = found
            if sys.stderr.isatty():
                print(f"\r{i} of {len(points)} plans", end="\n" if i == len(points) else "", file=sys.stderr)
    tables = {}
    for w in WORKLOADS:
        tables[w] = table_of(w, results, methods, lost, bytes_kept, mass)
        tables[w + "_runtimes"] = runtimes_of(w, results, methods)
        chart(folder, w, results, methods, lost)
    write(folder / "COMPRESSION.md", tables)


main()
