"""One simulation's answer."""

from __future__ import annotations

import ctypes
import json
import struct
from typing import Any, Iterator, Mapping, Optional

from ._native import PARTS, RESOURCES, lib, part_names
from ._table import Record, Series, Table, unit_of

_REQUEST = struct.Struct(f"=9q{PARTS}q5i4x")  # gable_request
_SAMPLE = struct.Struct(f"=4q{RESOURCES}di4x")  # gable_sample
_RESOURCE_NAMES = ("sm", "hbm", "pcie_h2d", "pcie_d2h", "nvlink", "dram", "ssd", "network", "host")
_STATUS = ("completed", "rejected", "unfinished")
_REQUEST_COLUMNS = (
    "serial", "session", "input", "output", "cached", "arrival_ns", "scheduled_ns", "first_token_ns", "finish_ns",
    *(f"{name}_ns" for name in part_names), "turn", "tenant", "replica", "preemptions", "status",
)  # fmt: skip
_SAMPLE_COLUMNS = ("t_ns", "running", "waiting", "used_blocks", *(f"{r}_busy_us" for r in _RESOURCE_NAMES), "replica")
_SERIES_UNITS = {"running": "requests", "waiting": "requests", "used_blocks": "KV blocks"}


def _copy(function: Any, at: int, size: int) -> bytes:
    n = ctypes.c_size_t()
    first = function(at, ctypes.byref(n))
    return ctypes.string_at(first, n.value * size) if first else b""


def _columns(rows: bytes, layout: struct.Struct, names: tuple[str, ...]) -> dict[str, list[Any]]:
    values = [*zip(*layout.iter_unpack(rows))] or [()] * len(names)
    return {name: [*column] for name, column in zip(names, values)}


def _ms(until: int, since: int) -> Optional[float]:
    return (until - since) / 1e6 if until >= 0 and since >= 0 else None


class Result(Mapping[str, Any]):
    """The object of `gable run --json`: a mapping, with its members as attributes, too (result.ttft_ms.p99)."""

    def __init__(self, raw: str, run: int, requests: Optional[bytes], timeline: Optional[bytes]) -> None:
        self.raw = raw
        """The JSON text itself."""
        self.run = run
        """Its number in the store, 0: kept nowhere."""
        self._data: Record = json.loads(raw, object_hook=Record)
        self._requests = requests
        self._timeline = timeline

    @classmethod
    def _take(cls, at: int, requests: bool, timeline: bool) -> Result:
        """Copies what the library holds at `at`, and frees it."""
        try:
            return cls(
                lib.gable_result_json(at).decode(),
                lib.gable_result_run(at),
                _copy(lib.gable_result_requests, at, _REQUEST.size) if requests else None,
                _copy(lib.gable_result_timeline, at, _SAMPLE.size) if timeline else None,
            )
        finally:
            lib.gable_result_free(at)

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._data, name)

    def __repr__(self) -> str:
        return f"<gable.Result of {self.number('requests.completed'):g} requests in {self.number('duration_s'):g} s>"

    def number(self, path: str) -> float:
        """A number by its path, as ttft_ms.p99; NaN where there were no samples."""
        at: Any = self._data
        for key in path.split("."):
            if not isinstance(at, Mapping) or key not in at:
                raise KeyError(path)
            at = at[key]
        return float("nan") if at is None else float(at)

    def requests(self) -> Table:
        """A row a request, in order of arrival: tokens, instants and parts of its time in ns (-1: never), latencies in ms
        (None where the request did not get that far)."""
        if self._requests is None:
            raise ValueError("the run was asked to keep no requests: run(..., requests=True)")
        c = _columns(self._requests, _REQUEST, _REQUEST_COLUMNS)
        c["status"] = [_STATUS[s] for s in c["status"]]
        c["queue_ms"] = [*map(_ms, c["scheduled_ns"], c["arrival_ns"])]
        c["ttft_ms"] = [*map(_ms, c["first_token_ns"], c["arrival_ns"])]
        c["e2el_ms"] = [*map(_ms, c["finish_ns"], c["arrival_ns"])]
        c["tpot_ms"] = [
            (e - t) / (n - 1) if e is not None and t is not None and n > 1 else None
            for e, t, n in zip(c["e2el_ms"], c["ttft_ms"], c["output"])
        ]
        return Table(c)

    def timeline(self) -> Table:
        """About a thousand instants of simulated time, a row a replica: requests running and waiting, KV blocks in use, and how
        long each resource was busy since the replica's row before."""
        if self._timeline is None:
            raise ValueError("the run was asked to keep no time line: run(..., timeline=True)")
        c = _columns(self._timeline, _SAMPLE, _SAMPLE_COLUMNS)
        c["t_s"] = [t / 1e9 for t in c["t_ns"]]
        return Table(c)

    def series(self, name: str, replica: Optional[int] = None) -> Series:
        """running, waiting or used_blocks over simulated seconds; of all replicas together, or of one."""
        if name not in _SERIES_UNITS:
            raise KeyError(f"{name}: there are {', '.join(_SERIES_UNITS)}")
        total: dict[float, float] = {}
        t = self.timeline()
        for at, value, r in zip(t["t_s"], t[name], t["replica"]):
            if replica is None or r == replica:
                total[at] = total.get(at, 0) + value
        return Series([*total], [*total.values()], "simulated time", name, "s", _SERIES_UNITS[name])

    def distribution(self, latency: str) -> Series:
        """The share of requests (y) whose ttft_ms, tpot_ms, e2el_ms or queue_ms is at most x."""
        values = sorted(v for v in self.requests()[latency] if v is not None)
        return Series(values, [(i + 1) / len(values) for i in range(len(values))], latency, "share of requests", unit_of(latency))
