"""libgable.so through ctypes: what lib/gable.h declares, and nothing else."""

from __future__ import annotations

import ctypes
import threading
from ctypes import POINTER, byref, c_char, c_char_p, c_int, c_int32, c_int64, c_size_t, c_void_p
from pathlib import Path
from typing import Any, Callable, Optional, TypeVar

API = 1
PARTS = 12
RESOURCES = 9
INTERRUPTED = 130


class _Error(ctypes.Structure):
    _fields_ = [
        ("code", c_int),
        ("what", c_char * 512),
        ("where", c_char * 1024),
        ("expected", c_char * 512),
        ("nearest", c_char * 256),
    ]


class _Document(ctypes.Structure):
    _fields_ = [("path", c_char_p), ("text", c_char_p)]


class Options(ctypes.Structure):
    """gable_options; its size is the first field."""

    _fields_ = [
        ("size", c_size_t),
        ("set", POINTER(c_char_p)),
        ("n_set", c_size_t),
        ("cancel", POINTER(c_int)),
        ("db", c_char_p),
        ("keep", c_int32),
        ("exact", c_int32),
        ("itl_per_request", c_int32),
        ("requests", c_int32),
        ("timeline", c_int32),
        ("jobs", c_int32),
        ("resume", c_int32),
        ("shard", c_int32),
        ("of_shards", c_int32),
    ]


class Error(Exception):
    """What gable refused, or what went wrong: the four lines of the program's message, and its exit code.

    code: 1 a fault of gable's own, 2 bad input. `where` is a file with line and column or a key's path; `nearest` the
    nearest known name. A text that there is none of is ''."""

    def __init__(self, code: int, what: str, where: str = "", expected: str = "", nearest: str = "") -> None:
        super().__init__(code, what, where, expected, nearest)
        self.code = code
        self.what = what
        self.where = where
        self.expected = expected
        self.nearest = nearest

    def __str__(self) -> str:
        said = (("where", self.where), ("expected", self.expected), ("nearest", self.nearest))
        return "\n".join([self.what, *(f"  {name}: {text}" for name, text in said if text)])


def _load() -> ctypes.CDLL:
    lib = ctypes.CDLL(str(Path(__file__).parent / "lib" / f"libgable.so.{API}"))
    text, doc, options, err = POINTER(c_void_p), POINTER(_Document), POINTER(Options), POINTER(_Error)
    size = POINTER(c_size_t)
    signatures: dict[str, tuple[list[Any], Any]] = {
        "gable_version": ([], c_char_p),
        "gable_free": ([c_void_p], None),
        "gable_part_name": ([c_int], c_char_p),
        "gable_data_folder": ([text, err], c_int),
        "gable_run": ([text, doc, options, err], c_int),
        "gable_result_free": ([c_void_p], None),
        "gable_result_json": ([c_void_p], c_char_p),
        "gable_result_run": ([c_void_p], c_int64),
        "gable_result_requests": ([c_void_p, size], c_void_p),
        "gable_result_timeline": ([c_void_p, size], c_void_p),
        "gable_scenario": ([text, doc, options, err], c_int),
        "gable_policy": ([text, c_char_p, c_char_p, c_char_p, err], c_int),
        "gable_sweep": ([text, doc, options, err], c_int),
        "gable_list": ([text, c_char_p, err], c_int),
        "gable_explain": ([text, c_char_p, err], c_int),
        "gable_schema": ([text, c_char_p, err], c_int),
        "gable_model": ([text, c_char_p, err], c_int),
        "gable_store_open": ([text, c_char_p, err], c_int),
        "gable_store_query": ([text, c_void_p, c_char_p, c_int, err], c_int),
        "gable_store_close": ([c_void_p], None),
    }
    for name, (arguments, answer) in signatures.items():
        function = getattr(lib, name)
        function.argtypes = arguments
        function.restype = answer
    return lib


lib = _load()
version: str = lib.gable_version().decode()
part_names: list[str] = [lib.gable_part_name(i).decode() for i in range(PARTS)]


def document(path: Optional[str] = None, text: Optional[str] = None) -> _Document:
    if text is not None and "\0" in text:
        raise Error(2, "a text with a NUL byte in it is no document")
    return _Document(path.encode() if path is not None else None, text.encode() if text is not None else None)


def _raise(code: int, err: _Error) -> None:
    if code == 0:
        return
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    raise Error(code, *(field.decode("utf-8", "replace") for field in (err.what, err.where, err.expected, err.nearest)))


def handle(function: Callable[..., int], *arguments: Any) -> int:
    """Calls a function whose first argument takes a pointer, and returns that pointer."""
    out, err = c_void_p(), _Error()
    _raise(function(byref(out), *arguments, byref(err)), err)
    return out.value or 0


def text(function: Callable[..., int], *arguments: Any) -> str:
    """Calls a function whose first argument takes a text, and returns that text."""
    at = handle(function, *arguments)
    try:
        return ctypes.string_at(at).decode()
    finally:
        lib.gable_free(at)


T = TypeVar("T")


def interruptible(work: Callable[[c_int], T]) -> T:
    """Does `work`, which hears the flag it is given, so that Ctrl-C ends it: the main thread must be free to take the
    signal, so a call from there is done in another. A call from another thread is done where it is."""
    flag = c_int(0)
    if threading.current_thread() is not threading.main_thread():
        return work(flag)
    answer: list[T] = []
    failure: list[BaseException] = []

    def do() -> None:
        try:
            answer.append(work(flag))
        except BaseException as e:  # handed to the thread that asked
            failure.append(e)

    thread = threading.Thread(target=do, name="gable", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(1.0)
    except BaseException:
        flag.value = 1
        thread.join()
        raise
    if failure:
        raise failure[0]
    return answer[0]
