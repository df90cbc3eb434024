"""gable: what is a serving policy worth?

Replays LLM request traces through a discrete-event model of serving engines. Documents and answers are those of the `gable`
program: gable.schema("scenario") has every key, gable.explain("chunked") one policy or card in full.

    r = gable.run({"cluster": {"hardware": "a100-80-sxm"}}, set={"policy.schedule": "prefill_first"})
    r.ttft_ms.p99, r.requests(), r.series("used_blocks")

Every call may be made from any thread, also side by side; long ones release the GIL and end on Ctrl-C.
"""

from __future__ import annotations

import ctypes
import json
import os
from typing import Any, List as _List, Mapping, Optional, Tuple, Union

from . import _native
from ._native import Error, Options, lib
from ._native import version as __version__
from ._result import Result
from ._store import Store
from ._table import Record, Series, Table

__all__ = [
    "Error", "Record", "Result", "Series", "Store", "Sweep", "Table", "__version__", "data_folder", "explain", "list", "model",
    "policy", "run", "scenario", "schema", "sweep",
]  # fmt: skip

Document = Union[Mapping[str, Any], str, "os.PathLike[str]", None]
_KEEP = {"sample": 0, "none": 1, "all": 2}


def _json(value: Any) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as e:
        raise Error(2, f"this is no JSON: {e}", expected="dicts, lists, texts, finite numbers, True, False and None") from None


def _document(d: Document) -> Any:
    if d is None:
        return _native.document()
    if isinstance(d, Mapping):
        return _native.document(text=_json(d))
    return _native.document(path=os.fspath(d))


def _options(set: Optional[Mapping[str, Any]], seed: Optional[int], cancel: Optional[ctypes.c_int] = None, **more: int) -> Options:
    """Members of gable_options. The caller keeps what it returns alive, and with it the texts."""
    texts = [f"{key}={_json(value)}".encode() for key, value in (set or {}).items()]
    if seed is not None:
        texts.append(f"run.seed={_json(seed)}".encode())  # what is no whole number is refused as in a document
    o = Options(size=ctypes.sizeof(Options), n_set=len(texts), **more)
    o.set = (ctypes.c_char_p * len(texts))(*texts)
    if cancel is not None:
        o.cancel = ctypes.pointer(cancel)
    return o


def _keep(word: str) -> int:
    if word not in _KEEP:
        raise Error(2, f"requests cannot be kept as {word!r}", where="keep", expected="sample, none or all")
    return _KEEP[word]


def _path(p: Union[str, os.PathLike[str], None]) -> Optional[bytes]:
    return None if p is None else os.fspath(p).encode()


def run(
    scenario: Document = None,
    *,
    set: Optional[Mapping[str, Any]] = None,
    seed: Optional[int] = None,
    exact: bool = False,
    itl_def: str = "vllm",
    db: Union[str, os.PathLike[str], None] = None,
    keep: str = "sample",
    requests: bool = True,
    timeline: bool = True,
) -> Result:
    """One simulation. `scenario` is a dict, the path of a file, or None for the shipped default; `set` changes keys of it
    ({"cluster.tp": 2}), `seed` is that of every draw. With `db` the run is kept in that store, and of its requests a
    "sample", "none" or "all". `requests` and `timeline` are for Result.requests() and Result.timeline(): 200 bytes a request."""
    if itl_def not in ("vllm", "aiperf"):
        raise Error(2, f"there is no inter-token latency {itl_def!r}", where="itl_def", expected="vllm or aiperf")
    doc, kept = _document(scenario), _keep(keep)

    def work(cancel: ctypes.c_int) -> int:
        o = _options(
            set, seed, cancel, exact=exact, itl_per_request=itl_def == "aiperf", requests=requests, timeline=timeline, keep=kept
        )
        o.db = _path(db)
        return _native.handle(lib.gable_run, ctypes.byref(doc), ctypes.byref(o))

    return Result._take(_native.interruptible(work), requests, timeline)


class Sweep(Table):
    """A row a point: point, rank, run, the keys that were varied, and the metrics by path (ttft_ms.p99). `results` holds the
    whole objects, in the same order."""

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self.results: "_List[Record]" = json.loads(raw, object_hook=Record)
        rows = [
            {"point": r["point"], "rank": r["rank"], "run": r["run"], **r["vary"], **_numbers(r, "")} for r in self.results
        ]
        super().__init__(Table.of_rows(rows).columns)


def _numbers(record: Mapping[str, Any], prefix: str) -> "dict[str, Any]":
    out: "dict[str, Any]" = {}
    for key, value in record.items():
        if not prefix and key in ("point", "rank", "run", "vary", "scenario", "seed", "sim"):
            continue
        if isinstance(value, Mapping):
            out.update(_numbers(value, f"{prefix}{key}."))
        elif value is None or isinstance(value, (int, float)):
            out[prefix + key] = value
    return out


def sweep(
    document: Document,
    *,
    jobs: int = 0,
    set: Optional[Mapping[str, Any]] = None,
    seed: Optional[int] = None,
    db: Union[str, os.PathLike[str], None] = None,
    keep: str = "sample",
    resume: bool = False,
    shard: Optional[Tuple[int, int]] = None,
) -> Sweep:
    """The points of a sweep ({"gable": "sweep/1", "scenario": ..., "grid": {...}}, or its file) on `jobs` threads (0: one a core).
    With `db` each is kept as soon as it is done, and `resume` simulates only what is missing there. shard=(k, n) takes only
    each nth point, from the kth, for one of n machines."""
    doc, kept = _document(document), _keep(keep)
    k, n = shard or (0, 0)
    if shard and not 1 <= k <= n:
        raise Error(2, f"there is no shard {k} of {n}", where="shard", expected="(k, n) with k from 1 to n")

    def work(cancel: ctypes.c_int) -> str:
        o = _options(set, seed, cancel, jobs=jobs, resume=resume, keep=kept, shard=k, of_shards=n)
        o.db = _path(db)
        return _native.text(lib.gable_sweep, ctypes.byref(doc), ctypes.byref(o))

    return Sweep(_native.interruptible(work))


def scenario(document: Document = None, *, set: Optional[Mapping[str, Any]] = None, seed: Optional[int] = None) -> Record:
    """The scenario with every default filled in; checked as a run would, without running."""
    doc, o = _document(document), _options(set, seed)
    return Record(_read(_native.text(lib.gable_scenario, ctypes.byref(doc), ctypes.byref(o))))


def policy(family: str, name: str, /, **parameters: Any) -> Record:
    """{"use": name, every parameter} for a scenario, as in
    run(set={"policy.schedule": policy("schedule", "chunked", token_budget=512)}). An unknown parameter is refused with the nearest
    name, a value out of range with the range."""
    return Record(_read(_native.text(lib.gable_policy, family.encode(), name.encode(), _json(parameters).encode())))


def model(llm: str, **ask: Any) -> Record:
    """The analytical sheet: model("llama-3.1-70b", hardware="h100-sxm", tp=4, batch=64, context=4096); the flags of `gable model`
    with _ for -."""
    question = {"llm": llm, **{key: value for key, value in ask.items() if value is not None}}
    return Record(_read(_native.text(lib.gable_model, _json(question).encode())))


def list(kind: Optional[str] = None) -> Record:  # noqa: A001 - the program's word
    """What there is: hardware, llm, runtime, policies, cards or formats; without `kind` all but the files of the cards."""
    return Record(_read(_native.text(lib.gable_list, None if kind is None else kind.encode())))


def explain(name: str) -> Record:
    """One card or policy in full, each number with its source. KIND/NAME where a name is several things."""
    return Record(_read(_native.text(lib.gable_explain, name.encode())))


def schema(kind: str = "scenario") -> Record:
    """JSON Schema of a document: scenario, trace, policies, sweep, plan, baseline or claims."""
    return Record(_read(_native.text(lib.gable_schema, kind.encode())))


def data_folder() -> str:
    """Where the cards and samples lie."""
    return _native.text(lib.gable_data_folder)


def _read(text: str) -> Any:
    return json.loads(text, object_hook=Record)
