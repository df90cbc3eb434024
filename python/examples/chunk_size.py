"""How large should a chunk be? A sweep over the token budget of chunked prefill, kept in a store, and the points of the trade-off.

    python python/examples/chunk_size.py [FOLDER]

Small chunks keep the gaps between tokens short; large ones bring the first token sooner. The example finds the largest budget
whose P99 gap holds a bound, looks into that run, and writes chunk_size.csv, from which any program plots.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import gable

BOUND_MS = 60.0


def main(folder: Path) -> None:
    scenario = {
        "name": "chat-like work on one A100",
        "trace": {
            "generate": {
                "requests": 400,
                "arrival": {"use": "poisson", "rate_s": 3},
                "input": {"use": "lognormal", "mu": 7, "sigma": 0.8, "low": 64, "high": 8192},
                "output": {"use": "uniform", "low": 64, "high": 400},
            }
        },
        "model": "llama-3.1-8b",
        "cluster": {"hardware": "a100-80-sxm"},
    }
    budgets = [128, 256, 512, 1024, 2048, 4096]
    # Each point's whole policy, checked here, before anything runs.
    grid = {"policy.schedule": [gable.policy("schedule", "chunked", token_budget=b) for b in budgets]}
    document = {"gable": "sweep/1", "scenario": scenario, "grid": grid}
    t = gable.sweep(document, db=folder / "chunk_size.db", resume=True)

    t.columns["token_budget"] = [p["token_budget"] for p in t["policy.schedule"]]
    gaps = t.series("token_budget", "itl_ms.p99")
    first = t.series("token_budget", "ttft_ms.p50")
    print(f"{'budget':>8} {gaps.y_label:>16} {first.y_label:>17}")
    for budget, gap, ttft in zip(gaps.x, gaps.y, first.y):
        print(f"{budget:8.0f} {gap:16.1f} {ttft:17.1f}")

    good = [b for b, gap in zip(gaps.x, gaps.y) if gap <= BOUND_MS]
    best = int(max(good, default=min(gaps.x)))
    print(f"the largest budget with a P99 gap of at most {BOUND_MS:g} ms: {best}")

    r = gable.run(scenario, set={"policy.schedule": gable.policy("schedule", "chunked", token_budget=best)})
    slowest = max(r.requests(), key=lambda q: q["ttft_ms"] or 0.0)
    print(f"its slowest first token: request {slowest['serial']}, {slowest['ttft_ms']:.0f} ms, {slowest['queue_ms']:.0f} of them in the queue")

    with open(folder / "chunk_size.csv", "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["token_budget", "itl_p99_ms", "ttft_p50_ms"])
        out.writerows(zip(gaps.x, gaps.y, first.y))
    with gable.Store(folder / "chunk_size.db") as store:
        print(f"{len(store.runs())} runs in {store.path}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
