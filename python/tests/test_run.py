import json
import math
import re
import subprocess
import threading

import pytest

import gable

SMALL = {"trace": {"limit": 300}, "engine": {"max_num_seqs": 32}}


def without_times(text: str) -> str:
    """Blanks the two numbers that differ between two runs of one command."""
    blank, n = re.subn(r'("(?:wall_s|peak_rss_mib)": )[^,\n]+', r"\1_", text)
    assert n == 2
    return blank


def test_equals_the_program_to_the_byte(program, tmp_path):
    path = tmp_path / "small.json"
    path.write_text(json.dumps(SMALL))
    flags = ["--set", "policy.schedule=prefill_first", "--seed", "7"]
    said = subprocess.run([program, "run", str(path), "--json", *flags], check=True, capture_output=True, text=True).stdout
    change = {"policy.schedule": "prefill_first"}
    for scenario in (path, str(path), SMALL):
        r = gable.run(scenario, set=change, seed=7)
        assert without_times(r.raw) + "\n" == without_times(said)
    assert without_times(gable.run(SMALL, set=change, seed=7, exact=True).raw).split('"sim"')[0] == without_times(said).split('"sim"')[0]


def test_default_equals_the_program(program):
    said = subprocess.run([program, "run", "--json"], check=True, capture_output=True, text=True).stdout
    assert without_times(gable.run().raw) + "\n" == without_times(said)


def test_is_a_mapping_with_attributes():
    r = gable.run(SMALL)
    assert r["ttft_ms"]["p99"] == r.ttft_ms.p99 == r.number("ttft_ms.p99") > 0
    assert set(r) >= {"throughput", "kv", "util", "sim"} and len(r) == len(list(r))
    assert r.scenario.engine.max_num_seqs == 32
    assert math.isnan(r.number("energy.joule")) or r.number("energy.joule") >= 0
    with pytest.raises(KeyError):
        r.number("ttft_ms.p98")
    with pytest.raises(AttributeError, match="ttft_ms"):
        r.tfft_ms
    assert "300 requests" in repr(r)


def test_requests_are_those_of_the_metrics():
    r = gable.run(SMALL)
    t = r.requests()
    assert len(t) == r["requests"]["completed"] == 300
    assert t["serial"] == sorted(t["serial"]) and set(t["status"]) == {"completed"}
    ttft = sorted(t["ttft_ms"])
    assert max(ttft) == pytest.approx(r.ttft_ms.max, abs=1e-9)
    assert sum(ttft) / len(ttft) == pytest.approx(r.ttft_ms.mean, rel=1e-9)
    parts = [name for name in t.columns if name.endswith("_ns") and name not in ("arrival_ns", "scheduled_ns", "first_token_ns", "finish_ns")]
    assert len(parts) == 12
    for row in t:
        assert sum(row[p] for p in parts) == row["finish_ns"] - row["arrival_ns"]
    with pytest.raises(ValueError, match="requests=True"):
        gable.run(SMALL, requests=False).requests()


def test_timeline_and_series():
    r = gable.run(SMALL, set={"cluster.replicas": 2})
    t = r.timeline()
    assert set(t["replica"]) == {0, 1} and t["t_s"] == sorted(t["t_s"])
    assert sum(t["sm_busy_us"]) > 0
    s = r.series("used_blocks")
    assert len(s.x) == len(s.y) == len(s) == len(set(t["t_ns"])) and max(s.y) > 0
    assert (s.x_label, s.y_label) == ("simulated time [s]", "used_blocks [KV blocks]")
    one = r.series("running", replica=1)
    assert max(one.y) <= max(r.series("running").y)
    d = r.distribution("ttft_ms")
    assert d.x == sorted(d.x) and d.y[-1] == 1 and d.x_unit == "ms"
    with pytest.raises(KeyError, match="waiting"):
        r.series("use_blocks")
    with pytest.raises(ValueError, match="timeline=True"):
        gable.run(SMALL, timeline=False).timeline()


def test_two_threads_side_by_side():
    alone = [without_times(gable.run(SMALL, seed=s).raw) for s in (1, 2)]
    said = {}

    def work(seed: int) -> None:
        for _ in range(5):
            said.setdefault(seed, set()).add(without_times(gable.run(SMALL, seed=seed).raw))

    threads = [threading.Thread(target=work, args=(s,)) for s in (1, 2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert said == {1: {alone[0]}, 2: {alone[1]}}


def test_paths_in_a_file_are_beside_it(tmp_path):
    (tmp_path / "mine.jsonl").write_text('{"timestamp": 0, "input_length": 100, "output_length": 3, "hash_ids": [1]}\n')
    (tmp_path / "s.json").write_text('{"trace": {"file": "mine.jsonl"}}')
    assert gable.run(tmp_path / "s.json")["requests"].injected == 1


def test_pandas():
    pandas = pytest.importorskip("pandas")
    frame = gable.run(SMALL).requests().to_pandas()
    assert isinstance(frame, pandas.DataFrame) and len(frame) == 300 and frame["ttft_ms"].min() > 0
