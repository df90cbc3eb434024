"""Builds libgable.so with make and puts it, with cards and samples, into the package; the rest is in pyproject.toml."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py
from wheel.bdist_wheel import bdist_wheel

ROOT = Path(__file__).resolve().parent
BUILD = os.environ.get("BUILD", "build")


def make(*words: str) -> None:
    # A make that runs this must not hand its own flags and jobs down.
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    subprocess.run(["make", f"BUILD={BUILD}", *words], cwd=ROOT, env=env, check=True)


class Build(build_py):
    def run(self) -> None:
        super().run()
        package = (Path(self.build_lib) / "gable").resolve()
        make("so")
        # The library looks for its data in ../share/gable, as when installed.
        make("install-data", "DESTDIR=", f"PREFIX={package}")
        built = next(p for p in sorted((ROOT / BUILD).glob("libgable.so.*")))
        (package / "lib").mkdir(exist_ok=True)
        shutil.copy2(built, package / "lib" / built.name)


class Binary(Distribution):
    def has_ext_modules(self) -> bool:
        return True


class Wheel(bdist_wheel):
    def get_tag(self) -> "tuple[str, str, str]":
        return "py3", "none", super().get_tag()[2]  # no code of CPython's inside


version = re.search(r"^VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
assert version
(ROOT / BUILD).mkdir(exist_ok=True)
setup(
    version=version[1],
    cmdclass={"build_py": Build, "bdist_wheel": Wheel},
    distclass=Binary,
    # Apart from what make builds: setuptools would pack the objects in build/lib, too.
    options={"build": {"build_base": f"{BUILD}/wheel"}, "egg_info": {"egg_base": BUILD}},
)
