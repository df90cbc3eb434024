"""page.py GABLE CHROMIUM ROOT FOLDER - see page.sh. Makes a store with everything that a page can show, and asks Chromium."""
import html
import json
import os
import re
import sqlite3
import subprocess
import sys

gable, chromium, root, folder = sys.argv[1:5]
hostile = "</script><img src=x onerror=\"window.hit=1\"> & 'quoted'"
db, page = os.path.join(folder, "r.db"), os.path.join(folder, "report.html")
count = failed = 0


def ok(good, what, why=""):
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {what}")
    if not good and why:
        print("#   " + str(why)[:2000].replace("\n", "\n#   "))


def run(*args):
    return subprocess.run([gable, *args], check=True, capture_output=True, text=True, cwd=folder).stdout


def make_store():
    scenario = {"name": hostile, "trace": {"generate": {"requests": 150, "arrival": {"use": "poisson", "rate_s": 6}, "input": {"use": "uniform", "low": 100, "high": 900},
                "output": {"use": "uniform", "low": 5, "high": 60}}}, "slo": {"ttft_ms": 60, "tpot_ms": 30, "attain": 0.9}}
    with open(os.path.join(folder, "s.json"), "w", encoding="utf-8") as f:
        json.dump(scenario, f)
    with open(os.path.join(folder, "sweep.json"), "w", encoding="utf-8") as f:
        json.dump({"gable": "sweep/1", "scenario": "s.json", "grid": {"policy.schedule": ["chunked", "prefill_first"], "trace.generate.arrival.rate_s": [3, 9], "run.seed": [1, 2, 3]}}, f)
    run("sweep", "sweep.json", "--db", db)
    run("sens", "s.json", "--db", db)
    run("run", "s.json", "--db", db, "--requests", "all")
    with sqlite3.connect(db) as c:
        c.execute("INSERT INTO claim (key, quantity, published, simulated, ratio, tolerance, runtime, verdict, reason, source) VALUES ('k', ?, 2, 1.9, 0.95, 0.1, 'vllm', 'reproduced', ?, ?)", (hostile,) * 3)
    run("report", "--db", db, "-o", page)


def browse(url, *flags):
    """What Chromium wrote on stdout, and the lines of its console."""
    profile = os.path.join(folder, "profile")
    args = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--hide-scrollbars", "--enable-logging=stderr",
            "--user-data-dir=" + profile, "--virtual-time-budget=5000", *flags, "file://" + url]
    p = subprocess.run(args, capture_output=True, timeout=90)
    console = [line for line in p.stderr.decode("utf-8", "replace").splitlines() if "CONSOLE" in line]
    return p.stdout.decode("utf-8", "replace"), console


def probed(width, dark):
    """The page with the probe behind it, in a frame of the given width; what the probe found."""
    with open(page, encoding="utf-8") as f:
        text = f.read()
    with open(os.path.join(root, "tests/page/probe.js"), encoding="utf-8") as f:
        text = text.replace("</body>", "<script>\n" + f.read() + "</script>\n</body>")
    with open(os.path.join(folder, "probed.html"), "w", encoding="utf-8") as f:
        f.write(text)
    frame = os.path.join(folder, "frame.html")
    with open(frame, "w", encoding="utf-8") as f:
        f.write("<meta charset=utf-8><body style='margin:0'><pre id=probe></pre><script>window.onmessage=function(e){document.getElementById('probe').textContent=e.data}</script>"
                f"<iframe src=probed.html style='border:0;width:{width}px;height:900px'></iframe>")
    out, console = browse(frame, "--window-size=1400,1000", "--dump-dom", *(["--blink-settings=preferredColorScheme=0"] if dark else []))
    m = re.search(r'<pre id="probe">(.*?)</pre>', out, re.S)
    return (json.loads(html.unescape(m.group(1))) if m and m.group(1) else None), console


def close(a, b):
    if a is None or b is None:
        return a is None and b is None or (a is None and b == "\u2013") or (b is None and a == "\u2013")
    return abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1e-9)


def same(rows, wanted):
    """Both sorted: the probe has clicked on heads."""
    norm = lambda v: None if v == "\u2013" else v
    key = lambda r: [str(v) for v in r]
    got = sorted(([norm(v) for v in r] for r in rows), key=lambda r: str(r[0]) + str(r[1]))
    want = sorted(([v for v in r] for r in wanted), key=lambda r: str(r[0]) + str(r[1]))
    if len(got) != len(want):
        return f"{len(got)} rows, not {len(want)}"
    for g, w in zip(got, want):
        for x, y in zip(g, w):
            if isinstance(y, str) != isinstance(x, str) or (isinstance(y, str) and x != y) or (not isinstance(y, str) and not close(x, y)):
                return f"{g} is not {w}"
    return ""


def check_numbers(found):
    c = sqlite3.connect(db)
    q = lambda sql, *a: [list(r) for r in c.execute(sql, a)]
    newest, = q("SELECT max(id) FROM run")[0]
    sections = {s["id"]: s["rows"] for s in found["numbers"]}
    result = json.loads(q("SELECT result FROM run WHERE id = ?", newest)[0][0])
    stats = ["mean", "p50", "p90", "p95", "p99", "p999", "max", "n"]
    names = {"queue_ms": "Queue", "ttft_ms": "Time to first token", "tpot_ms": "Time per output token", "itl_ms": "Inter-token gap", "e2el_ms": "End to end"}
    why = same(sections["latency"], [[label] + [result[k][s] for s in stats] for k, label in names.items()])
    ok(not why, "latencies are the store's", why)
    wanted = q("SELECT o.name, o.phase, o.count, o.time_us, 100 * o.count * o.time_us / s.time_us, nullif(o.flops, 0) / 1e9, nullif(o.hbm_bytes, 0) / 1e6,"
               " CASE WHEN o.flops > 0 AND o.hbm_bytes > 0 THEN o.flops * 1.0 / o.hbm_bytes END, o.bound, 100 * o.efficiency FROM operator o JOIN step s USING (run, phase) WHERE run = ?", newest)
    why = same(sections["roofline"], wanted)
    ok(len(wanted) > 10 and not why, "operators are the store's", why)
    went = {r[0]: r[1:] for r in sections["where-time-went"]}
    why = [k for k, r in went.items() if not close(r[0], result["time_ms"][k]) or not close(r[1], 100 * result["time_ms"][k] / result["e2el_ms"]["mean"])]
    ok(went and not why and abs(sum(r[0] for r in went.values()) - result["e2el_ms"]["mean"]) < 1e-3, "where time went is the store's and adds up", why)
    means = "avg(json_extract(result, '$.{}'))"
    fields = ["ttft_ms.p50", "ttft_ms.p99", "tpot_ms.p99", "e2el_ms.p99", "throughput.output_tok_s", "goodput.request_s", "cost.usd_per_mtok_output"]
    wanted = q("SELECT count(*), " + ", ".join(means.format(f) for f in fields) + " FROM run GROUP BY json_remove(scenario, '$.run.seed')")
    why = same([r[1:9] for r in sections["configurations"]], wanted)
    ok(len(wanted) == 5 and not why, "configurations are the means of the store's runs", why)
    wanted = q("SELECT input, max(elasticity) FILTER (WHERE metric = 'ttft_ms.p50'), max(elasticity) FILTER (WHERE metric = 'ttft_ms.p99') FROM sens GROUP BY input")
    why = same([r[:3] for r in sections["sensitivity"]], wanted)
    ok(len(wanted) == 12 and not why, "elasticities are the store's", why)
    why = same([r[:6] for r in sections["claims"]], q("SELECT key, quantity, published, simulated, ratio, tolerance FROM claim"))
    ok(not why, "claims are the store's, hostile text as text", why)
    runs = q("SELECT id, seed, json_extract(result, '$.requests.completed'), json_extract(result, '$.throughput.request_s') FROM run ORDER BY id DESC LIMIT 8")
    why = same([r[:4] for r in sections["runs"]], runs)
    ok(not why, "runs side by side are the store's", why)


def check_charts(found):
    charts = {c["id"]: c for c in found["charts"]}
    wanted = ["latency", "load", "tokens", "batch", "kv", "busy", "ttft", "where", "roofline", "load-latency", "pareto", "interval-ttft", "interval-tpot", "runs-ttft", "tornado"]
    ok(sorted(charts) == sorted("c-" + w for w in wanted), "fifteen charts are there", sorted(charts))
    silent = [k for k, c in charts.items() if not re.search(r"\d", c["told"])]
    ok(not silent, "each tells a value under the pointer", silent)


def check_sizes():
    colours = {}
    for width in (390, 768, 1280):
        for dark in (False, True):
            found, console = probed(width, dark)
            where = f"{width} px, {'dark' if dark else 'light'}"
            ok(found is not None and not console, f"{where}: nothing on the console", console)
            if not found:
                continue
            colours.setdefault(dark, found["dark"])
            over = [c["id"] for c in found["charts"] if c["width"] > c["room"] + 1]
            ok(found["wide"] <= width and not over, f"{where}: nothing is wider than the window", (found["wide"], over))
    ok(len(set(colours.values())) == 2, "dark is dark", colours)


def check_screenshots():
    for name, size in (("phone", "500,900"), ("wide", "1280,900")):
        shot = os.path.join(folder, name + ".png")
        browse(page, "--window-size=" + size, "--screenshot=" + shot)
        with open(shot, "rb") as f:
            head = f.read(8)
        ok(head == b"\x89PNG\r\n\x1a\n" and os.path.getsize(shot) > 10000, f"a picture of {size}")


def main():
    make_store()
    out, console = browse(page, "--window-size=1280,900", "--dump-dom")
    ok("</html>" in out and not console, "the page as it is: nothing on the console", console)
    ok("class=\"plain\"" not in out and "canvas" in out, "its script has run")
    found, console = probed(1280, False)
    ok(found is not None, "the probe answers", console)
    if found:
        ok(found["requests"] == 0, "no request", found["requests"])
        ok(found["images"] == 0 and found["hit"], "a hostile name is text")
        ok(found["sorting"]["clicked"] > 60 and not found["sorting"]["wrong"], "tables sort by every head, both ways", found["sorting"])
        check_numbers(found)
        check_charts(found)
    check_sizes()
    check_screenshots()
    print(f"1..{count}")
    return failed > 0


sys.exit(main())
