"""The fixture for the tests of others."""

from __future__ import annotations

import doctest
from pathlib import Path

import pyarrow as pa
import pytest

import zerobus_arrow as za
from zerobus_arrow import testing

pytest_plugins = ["pytester"]

TABLE = "main.default.readings"


def test_a_local_endpoint_has_a_client_and_tables() -> None:
    with testing.LocalZerobus() as zerobus:
        assert zerobus.tables() == []
        zerobus.client.send(TABLE, pa.table({"celsius": [21.5, 19.0]}))
        assert zerobus.rows(TABLE).sort_by("celsius").to_pydict() == {"celsius": [19.0, 21.5]}
        assert zerobus.tables() == [TABLE]
        assert (zerobus.path(TABLE) / "_delta_log").is_dir()
        kept = zerobus.dir
    assert not kept.exists()
    assert zerobus.client.closed


def test_a_directory_that_is_given_stays(tmp_path: Path) -> None:
    with testing.LocalZerobus(tmp_path / "lake", request_rows=10) as zerobus:
        zerobus.client.send(TABLE, pa.table({"n": list(range(100))}))
        assert zerobus.client.stats()["sent_requests"] >= 10
    with testing.LocalZerobus(tmp_path / "lake") as zerobus:
        assert zerobus.rows(TABLE).num_rows == 100


def test_each_test_gets_an_endpoint_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pyarrow as pa, pytest

        @pytest.mark.parametrize("rows", [2, 3])
        def test_rows(zerobus, rows):
            receipt = zerobus.client.send("a.b.c", pa.table({"n": list(range(rows))}))
            assert receipt.durable == rows
            assert zerobus.rows("a.b.c").num_rows == rows
    """)
    done = pytester.runpytest_subprocess("-p", "zerobus_arrow.testing", timeout=60)
    done.assert_outcomes(passed=2)


def test_the_examples_are_true() -> None:
    found = doctest.testmod(testing)
    assert found.attempted > 0 and found.failed == 0


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="did you mean 'request_rows'"):
        testing.LocalZerobus(tmp_path, requestrows=1)  # type: ignore[call-arg]
    with testing.LocalZerobus(tmp_path), pytest.raises(za.LocalEndpointError):
        testing.LocalZerobus(tmp_path)
