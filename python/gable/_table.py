"""Tables and series: what an answer looks like to somebody who analyses or plots it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Optional, Sequence, Union, overload

if TYPE_CHECKING:
    import pandas


class Record(dict[str, Any]):
    """A JSON object whose members are attributes, too: r.ttft_ms.p99."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no {name}; there are {', '.join(self)}") from None


@dataclass(frozen=True)
class Series:
    """Points of one line, with what the axes are called."""

    x: list[float]
    y: list[float]
    x_name: str
    y_name: str
    x_unit: str = ""
    y_unit: str = ""

    @property
    def xy(self) -> tuple[list[float], list[float]]:
        return self.x, self.y

    @property
    def x_label(self) -> str:
        return f"{self.x_name} [{self.x_unit}]" if self.x_unit else self.x_name

    @property
    def y_label(self) -> str:
        return f"{self.y_name} [{self.y_unit}]" if self.y_unit else self.y_name

    def __len__(self) -> int:
        return len(self.x)


_UNITS = {"ns": "ns", "us": "us", "ms": "ms", "s": "s", "tok": "tokens", "usd": "USD", "joule": "J", "mib": "MiB"}


def unit_of(name: str) -> str:
    """The unit that a name says in its last word: ttft_ms.p99 -> ms, output_tok_s -> 1/s."""
    words = name.rsplit(".", 1)[0].split("_") if name.rsplit(".", 1)[-1][:1] in "pm" and "." in name else name.split("_")
    if words[-1] == "s" and len(words) > 1 and words[-2] in ("tok", "token", "request", "rate"):
        return "1/s"
    return _UNITS.get(words[-1], "")


class Table(Sequence[dict[str, Any]]):
    """Columns of equal length. table["name"] is a column, table[3] a row; iterating yields rows."""

    def __init__(self, columns: Mapping[str, Sequence[Any]]) -> None:
        self.columns: dict[str, list[Any]] = {name: [*values] for name, values in columns.items()}
        self._n = len(next(iter(self.columns.values()), []))
        if any(len(c) != self._n for c in self.columns.values()):
            raise ValueError("the columns of a table are equally long")

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, Any]]) -> Table:
        names = dict.fromkeys(name for row in rows for name in row)
        return cls({name: [row.get(name) for row in rows] for name in names})

    def __len__(self) -> int:
        return self._n

    def _row(self, i: int) -> dict[str, Any]:
        return {name: values[i] for name, values in self.columns.items()}

    @overload
    def __getitem__(self, key: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, key: slice) -> list[dict[str, Any]]: ...
    @overload
    def __getitem__(self, key: str) -> list[Any]: ...
    def __getitem__(self, key: Union[int, slice, str]) -> Any:
        if isinstance(key, str):
            return self.columns[key]
        if isinstance(key, slice):
            return [self._row(i) for i in range(*key.indices(self._n))]
        if not -self._n <= key < self._n:
            raise IndexError(f"row {key} of {self._n}")
        return self._row(key)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self._row(i) for i in range(self._n))

    def __repr__(self) -> str:
        return f"<gable.Table of {self._n} rows: {', '.join(self.columns)}>"

    def rows(self) -> list[dict[str, Any]]:
        return [*self]

    def to_pandas(self) -> pandas.DataFrame:
        """A DataFrame with the same columns; wants pandas."""
        import pandas

        return pandas.DataFrame(self.columns)

    def series(self, x: str, y: str, where: Optional[Mapping[str, Any]] = None) -> Series:
        """Column y over column x in the order of x, of the rows whose columns have the values in `where`; rows that lack one
        of both are left out."""
        points = sorted(
            (row[x], row[y])
            for row in self
            if row[x] is not None and row[y] is not None and all(row[k] == v for k, v in (where or {}).items())
        )
        return Series([p[0] for p in points], [p[1] for p in points], x, y, unit_of(x), unit_of(y))
