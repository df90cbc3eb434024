import subprocess

import pytest

import gable

SMALL = {"name": "small", "trace": {"limit": 150}}


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "results.db"
    for seed in (1, 2):
        assert gable.run(SMALL, seed=seed, db=path, keep="all").run == seed
    return path


def test_runs_and_rows(db):
    with gable.Store(db) as s:
        runs = s.runs()
        assert runs["run"] == [1, 2] and runs["name"] == ["small"] * 2
        r = s.result(2)
        assert r.seed == 2 and r.ttft_ms.p99 == runs["ttft_p99_ms"][1]
        metrics = {(m["name"], m["stat"]): m["value"] for m in s.metrics(2)}
        assert metrics["ttft_ms", "p99"] == r.ttft_ms.p99
        assert len(s.requests(1)) == 150 and len(s.requests()) == 300
        assert max(s.requests(2)["ttft_ms"]) == pytest.approx(r.ttft_ms.max)
        assert len(s.timeline(1)) > 50
        with pytest.raises(KeyError):
            s.result(3)


def test_query(db, program):
    sql = "SELECT run, percentile(ttft_ms, 99) AS p99 FROM request_ms GROUP BY run"
    with gable.Store(str(db)) as s:
        t = s.query(sql)
        assert s.query("SELECT 1 AS one WHERE 0").rows() == []
    assert list(t.columns) == ["run", "p99"] and len(t) == 2
    said = subprocess.run([program, "sql", sql, "--db", str(db), "--csv"], check=True, capture_output=True, text=True).stdout
    assert [float(line.split(",")[1]) for line in said.splitlines()[1:]] == t["p99"]


def test_refusals(db, tmp_path):
    with pytest.raises(gable.Error) as e:
        gable.Store(tmp_path / "nowhere.db")
    assert e.value.code == 2
    s = gable.Store(db)
    with pytest.raises(gable.Error) as e:
        s.query("SELECT * FROM requets")
    assert e.value.nearest == "request"
    with pytest.raises(gable.Error):
        s.query("DELETE FROM run")
    s.close()
    with pytest.raises(ValueError, match="closed"):
        s.runs()
