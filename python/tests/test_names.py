import json
import subprocess
from pathlib import Path

import pytest

import gable


@pytest.mark.parametrize(
    "words, ours",
    [
        (["list"], lambda: gable.list()),
        (["list", "policies"], lambda: gable.list("policies")),
        (["explain", "chunked"], lambda: gable.explain("chunked")),
        (["schema", "scenario"], lambda: gable.schema()),
        (["schema", "policies"], lambda: gable.schema("policies")),
        (["model", "llama-3.1-70b", "--tp", "4", "--batch", "8"], lambda: gable.model("llama-3.1-70b", tp=4, batch=8)),
    ],
)
def test_answers_equal_the_program(program, words, ours):
    said = subprocess.run([program, *words, "--json"], check=True, capture_output=True, text=True).stdout
    assert ours() == json.loads(said)


def test_model_takes_every_flag_and_warns(program):
    flags = {"hardware": "a100-80-sxm", "compress": "kivi-2bit", "context": 2000, "block_size": 32, "memory_utilization": 0.8}
    words = [w for key, value in flags.items() for w in (f"--{key.replace('_', '-')}", str(value))]
    said = subprocess.run([program, "model", "llama-3.1-8b", *words, "--json"], check=True, capture_output=True, text=True).stdout
    assert gable.model("llama-3.1-8b", **flags) == json.loads(said)
    assert "context" in gable.model("llama-2-7b", context=100_000).warning


def test_explain_a_card():
    assert gable.explain("hardware/h100-sxm").card
    assert (Path(gable.data_folder()) / "models/cards/hardware/h100-sxm.json").exists()


def test_policy_parameters():
    p = gable.policy("schedule", "chunked", token_budget=512)
    assert p.use == "chunked" and p.token_budget == 512 and "reserve" in p
    assert gable.run({"trace": {"limit": 20}}, set={"policy.schedule": p}).scenario.policy.schedule.token_budget == 512
    assert gable.policy("evict", "lru").use == "lru"


@pytest.mark.parametrize(
    "call, nearest",
    [
        (lambda: gable.policy("schedule", "chunked", token_budgets=512), "token_budget"),
        (lambda: gable.policy("schedule", "chuncked"), "chunked"),
        (lambda: gable.policy("shedule", "chunked"), "schedule"),
        (lambda: gable.run({"cluster": {"hardwear": "l4"}}), "hardware"),
        (lambda: gable.run(set={"cluster.hardware": "h100-sxn"}), "h100-sxm"),
        (lambda: gable.explain("llama-3.1-8"), "llama-3.1-8b"),
        (lambda: gable.model("llama-3.1-8b", hardwares="l4"), "hardware"),
        (lambda: gable.list("hardwares"), "hardware"),
        (lambda: gable.schema("polices"), "policies"),
    ],
)
def test_refusals_name_the_nearest(call, nearest):
    with pytest.raises(gable.Error) as e:
        call()
    assert e.value.code == 2 and e.value.what and e.value.expected and e.value.nearest == nearest
    assert f"nearest: {nearest}" in str(e.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda: gable.policy("schedule", "chunked", token_budget=-1),
        lambda: gable.policy("schedule", "chunked", token_budget="many"),
        lambda: gable.run({"slo": {"ttft_ms": float("nan")}}),
        lambda: gable.run({"name": object()}),
        lambda: gable.run("nowhere.json"),
        lambda: gable.run(keep="some"),
        lambda: gable.run(itl_def="mine"),
        lambda: gable.run(set={"": 1}),
        lambda: gable.run({"name": "a\0b"}, set={"name": "\0"}),
        lambda: gable.sweep({"gable": "sweep/2"}),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(gable.Error) as e:
        call()
    assert e.value.code == 2 and e.value.what


def test_scenario_fills_in_defaults():
    s = gable.scenario({"engine": {"max_num_seqs": 64}}, set={"cluster.tp": 2}, seed=9)
    assert s.engine.max_num_seqs == 64 and s.cluster.tp == 2 and s.run.seed == 9 and s.policy.schedule.use == "chunked"
    assert gable.scenario(s) == s


def test_without_its_data(monkeypatch, tmp_path):
    monkeypatch.setenv("GABLE_DATA", str(tmp_path))
    with pytest.raises(gable.Error, match="cards"):
        gable.run()


def test_a_seed_is_judged_as_in_a_document():
    for bad in (1.5, 2.9999, "x", True):
        with pytest.raises(gable.Error) as e:
            gable.scenario({}, seed=bad)
        assert e.value.code == 2 and "seed" in str(e.value)


def test_jobs_have_a_range():
    for bad in (-5, 100000):
        with pytest.raises(gable.Error) as e:
            gable.sweep({"gable": "sweep/1", "scenario": {}, "grid": {"run.seed": [1]}}, jobs=bad)
        assert e.value.where == "jobs"


def test_an_unknown_policy_is_where_it_was_said():
    with pytest.raises(gable.Error) as e:
        gable.policy("schedule", "chonked")
    assert e.value.where == "name" and e.value.nearest == "chunked"
