"""The fixture for the tests of others."""

from __future__ import annotations

import doctest
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

import zerobus_arrow as za
from zerobus_arrow import testing

pytest_plugins = ["pytester"]

TABLE = "main.default.readings"
ROOT = Path(__file__).parents[3]

Child = Callable[..., "subprocess.CompletedProcess[str]"]


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


#: What the official SDK is told, and no more.
OFFICIAL = """
import os, sys
from zerobus.sdk.shared import RecordType, StreamConfigurationOptions, TableProperties
from zerobus.sdk.sync import ZerobusSdk

sdk = ZerobusSdk(os.environ["ZEROBUS_SERVER_ENDPOINT"], os.environ["DATABRICKS_HOST"])
stream = sdk.create_stream(
    os.environ["DATABRICKS_CLIENT_ID"],
    os.environ["DATABRICKS_CLIENT_SECRET"],
    TableProperties(sys.argv[1]),
    StreamConfigurationOptions(record_type=RecordType.JSON),
)
for celsius in (21.5, 19.0):
    offset = stream.ingest_record_offset({"celsius": celsius})
stream.wait_for_offset(offset)
stream.close()
"""


def test_the_official_sdk_in_another_process_finds_it() -> None:
    python = ROOT / "target/clients/python-1.10.0/bin/python"
    if not python.exists():
        pytest.skip(f"there is no {python}: cargo xtask clients python-1.10.0")
    with testing.LocalZerobus() as zerobus:
        zerobus.create(TABLE, pa.schema({"celsius": pa.float64()}))
        assert zerobus.rows(TABLE).num_rows == 0
        subprocess.run(
            [python, "-c", OFFICIAL, TABLE],
            env=zerobus.environment(),
            check=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
        assert sorted(zerobus.rows(TABLE)["celsius"].to_pylist()) == [19.0, 21.5]


def test_a_client_of_another_process_finds_it(child: Child) -> None:
    with testing.LocalZerobus() as zerobus:
        zerobus.create(TABLE, pa.schema({"celsius": pa.float64()}))
        done = child(
            f"""
            import os, pyarrow as pa, zerobus_arrow as za
            os.environ.update({zerobus.environment()!r})
            with za.Client.from_env() as client:
                client.send({TABLE!r}, pa.table({{"celsius": [21.5]}}))
            """
        )
        assert done.returncode == 0, done.stderr
        assert zerobus.rows(TABLE)["celsius"].to_pylist() == [21.5]
    assert zerobus.client_secret not in repr(zerobus)


#: The first acknowledgement is lost, and the connection with it.
LOST = """
[[fault]]
on = "ack"
nth = 1
do = "cut"
"""


@pytest.mark.parametrize("form", ["text", "path"])
def test_faults_go_wrong_on_purpose(tmp_path: Path, form: str) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(LOST)
    with testing.LocalZerobus(faults=LOST if form == "text" else str(path)) as zerobus:
        receipt = zerobus.client.send(TABLE, pa.table({"n": [1, 2, 3]}))
        # They were sent again, and are stored twice.
        assert receipt.durable == 3 and receipt.possibly_duplicated == 3
        assert zerobus.rows(TABLE).num_rows == 6


def test_a_script_that_is_wrong_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(za.ConfigurationError, match="line 3"):
        testing.LocalZerobus(tmp_path / "lake", faults="[[fault]]\non = 'ack'\ndo = 'dance'\n")
    with pytest.raises(FileNotFoundError):
        testing.LocalZerobus(faults=tmp_path / "none.toml")


def test_the_examples_are_true() -> None:
    found = doctest.testmod(testing)
    assert found.attempted > 0 and found.failed == 0


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="did you mean 'request_rows'"):
        testing.LocalZerobus(tmp_path, requestrows=1)  # type: ignore[call-arg]
    with testing.LocalZerobus(tmp_path), pytest.raises(za.LocalEndpointError):
        testing.LocalZerobus(tmp_path)
