import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import gable

LONG = {"trace": {"generate": {"requests": 1_000_000_000}}}

CHILD = """
import sys, threading, time
import gable
ticks = []
def tick():
    while True:
        ticks.append(1)
        time.sleep(0.01)
threading.Thread(target=tick, daemon=True).start()
print("ready", flush=True)
try:
    WHAT
except KeyboardInterrupt:
    print("interrupted", len(ticks) > 10, flush=True)
    r = gable.run({"trace": {"limit": 10}})  # the process goes on
    print(r["requests"].completed, flush=True)
"""


@pytest.mark.parametrize(
    "what",
    [
        "gable.run({'trace': {'generate': {'requests': 1_000_000_000}}}, requests=False)",
        "gable.sweep({'gable': 'sweep/1', 'scenario': {'trace': {'generate': {'requests': 1_000_000_000}}}, 'grid': {'run.seed': [1, 2, 3]}}, jobs=2)",
    ],
)
def test_ctrl_c_ends_a_long_call(what):
    child = subprocess.Popen([sys.executable, "-c", CHILD.replace("WHAT", what)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.5)
        assert child.poll() is None, child.stderr.read()
        os.kill(child.pid, signal.SIGINT)
        out, err = child.communicate(timeout=60)
    finally:
        child.kill()
    assert out.splitlines() == ["interrupted True", "10"], err
    assert child.returncode == 0


def test_nothing_is_kept_of_a_run_that_was_interrupted(tmp_path):
    db = tmp_path / "no.db"
    code = f"import gable; gable.run({LONG!r}, requests=False, db={str(db)!r})"
    child = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    time.sleep(0.5)
    os.kill(child.pid, signal.SIGINT)
    assert "KeyboardInterrupt" in child.communicate(timeout=60)[1]
    assert not db.exists()


def test_other_threads_run_meanwhile():
    ticks = []
    done = threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(1)
            time.sleep(0.001)

    t = threading.Thread(target=tick)
    t.start()
    gable.run({"trace": {"generate": {"requests": 200_000}}}, requests=False)
    done.set()
    t.join()
    assert len(ticks) > 20
