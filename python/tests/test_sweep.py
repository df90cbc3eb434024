import json
import subprocess

import pytest

import gable

SWEEP = {
    "gable": "sweep/1",
    "scenario": {"trace": {"limit": 120}},
    "grid": {"engine.max_num_seqs": [4, 32], "run.seed": [1, 2, 3]},
}


def outside_sim(results):
    return [{k: v for k, v in r.items() if k not in ("sim", "run")} for r in results]


def test_equals_the_program(program, tmp_path):
    path = tmp_path / "sweep.json"
    path.write_text(json.dumps(SWEEP))
    said = json.loads(subprocess.run([program, "sweep", str(path), "--json"], check=True, capture_output=True, text=True).stdout)
    for jobs in (1, 3):
        assert outside_sim(gable.sweep(SWEEP, jobs=jobs).results) == outside_sim(said)


def test_table():
    t = gable.sweep(SWEEP)
    assert len(t) == 6 and t["engine.max_num_seqs"] == [4, 4, 4, 32, 32, 32] and t["run.seed"] == [1, 2, 3] * 2
    assert t[0]["ttft_ms.p99"] == t.results[0].ttft_ms.p99
    s = t.series("engine.max_num_seqs", "ttft_ms.p99", where={"run.seed": 2})
    assert s.x == [4, 32] and s.y_unit == "ms" and s.y[0] == t[1]["ttft_ms.p99"]
    assert [row["point"] for row in t[1:3]] == [1, 2] and t[-1]["point"] == 5
    with pytest.raises(IndexError):
        t[6]


def test_store_shards_and_resume(tmp_path):
    db = tmp_path / "all.db"
    first = gable.sweep(SWEEP, db=db, jobs=2)
    again = gable.sweep(SWEEP, db=db, resume=True)
    assert first["run"] == again["run"] == [1, 2, 3, 4, 5, 6]
    assert outside_sim(first.results) == outside_sim(again.results)
    assert first.results[0].sim.wall_s == again.results[0].sim.wall_s  # it was not simulated again
    halves = [gable.sweep(SWEEP, db=tmp_path / f"{k}.db", shard=(k, 2)) for k in (1, 2)]
    assert [h["point"] for h in halves] == [[1, 3, 5], [0, 2, 4]]
    with pytest.raises(gable.Error) as e:
        gable.sweep(SWEEP, shard=(3, 2))
    assert e.value.code == 2
    with pytest.raises(gable.Error, match="resume"):
        gable.sweep(SWEEP, resume=True)


def test_a_bad_point_is_refused_before_anything_runs(tmp_path):
    bad = {**SWEEP, "grid": {"cluster.hardware": ["h100-sxm", "h100-sxn"]}}
    with pytest.raises(gable.Error) as e:
        gable.sweep(bad, db=tmp_path / "no.db")
    assert e.value.nearest == "h100-sxm"
    assert not (tmp_path / "no.db").exists()
