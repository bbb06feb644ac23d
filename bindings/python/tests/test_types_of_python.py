"""The types that Python's checkers see are those that are there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import zerobus_arrow

HERE = Path(__file__).parent
PACKAGE = Path(zerobus_arrow.__file__).parent


def run(*args: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *args], capture_output=True, text=True, cwd=HERE.parent, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("what", [str(PACKAGE), str(HERE / "typed_use.py")])
def test_mypy_finds_nothing(what: str, tmp_path: Path) -> None:
    run("mypy", "--strict", "--warn-unused-ignores", "--cache-dir", str(tmp_path), what)


@pytest.mark.parametrize("what", [str(PACKAGE), str(HERE / "typed_use.py")])
def test_pyright_finds_nothing(what: str) -> None:
    run("pyright", "--pythonpath", sys.executable, "--warnings", what)


def test_the_stubs_are_the_module() -> None:
    run("mypy.stubtest", "zerobus_arrow._native")


def test_docstrings_are_true() -> None:
    """Their examples run, and give what they say."""
    import doctest
    import importlib

    count = 0
    for module in ("", ".errors", ".schema", "._client", "._aio", "._receipt"):
        failed, tried = doctest.testmod(importlib.import_module("zerobus_arrow" + module))
        assert not failed, module
        count += tried
    assert count > 15
