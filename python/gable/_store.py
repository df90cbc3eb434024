"""A store of results, read."""

from __future__ import annotations

import json
import os
from types import TracebackType
from typing import Any, Optional, Union

from . import _native
from ._native import lib
from ._table import Record, Table


class Store:
    """The SQLite store that --db and db= write, opened for reading. Used by one thread at a time; a context manager."""

    def __init__(self, path: Union[str, os.PathLike[str]]) -> None:
        self._at = 0
        self.path = os.fspath(path)
        self._at = _native.handle(lib.gable_store_open, self.path.encode())

    def close(self) -> None:
        lib.gable_store_close(self._at)
        self._at = 0

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], e: Optional[BaseException], t: Optional[TracebackType]) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_at", 0):
            self.close()

    def query(self, sql: str) -> Table:
        """The rows of one reading statement. Besides SQLite's functions there are percentile(x, p), p in 0..100, and median(x)."""
        if not self._at:
            raise ValueError("the store is closed")
        return Table.of_rows(json.loads(_native.text(lib.gable_store_query, self._at, sql.encode(), 0)))

    def runs(self) -> Table:
        """A row a run with its main metrics (the view `summary`)."""
        return self.query("SELECT * FROM summary ORDER BY run")

    def result(self, run: int) -> Record:
        """The object of `gable run --json` of a run."""
        rows = self.query(f"SELECT result FROM run WHERE id = {int(run)} AND result IS NOT NULL")
        if not rows:
            raise KeyError(run)
        answer: Any = json.loads(rows[0]["result"], object_hook=Record)
        return Record(answer)

    def metrics(self, run: Optional[int] = None) -> Table:
        """Every number: run, name, stat, value."""
        return self._of("metric", run)

    def requests(self, run: Optional[int] = None) -> Table:
        """The requests that were kept, latencies in ms (the view `request_ms`)."""
        return self._of("request_ms", run)

    def timeline(self, run: Optional[int] = None) -> Table:
        return self._of("timeline", run)

    def _of(self, table: str, run: Optional[int]) -> Table:
        return self.query(f"SELECT * FROM {table}" + ("" if run is None else f" WHERE run = {int(run)}"))
