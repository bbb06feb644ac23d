"""Writes from a real Ray, with two workers, to an endpoint of another process."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from endpoint import Endpoint, create, numbered, served

ray = pytest.importorskip("ray", reason="ray is not installed: see engines.txt")
pytest.importorskip("ray.data", reason="ray[data] is not installed: see engines.txt")

import zerobus_arrow as za  # noqa: E402
from zerobus_arrow.ray import ZerobusDatasink  # noqa: E402

pytestmark = pytest.mark.timeout(300)

PACKAGE = Path(za.__file__).parents[1]
STAMPS = "_zb_run STRING, _zb_part INT, _zb_seq BIGINT"


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """Two workers on this machine."""
    environment = {
        "PYTHONPATH": os.pathsep.join([str(PACKAGE), str(Path(__file__).parent)]),
        "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            object_store_memory=200 << 20,
            runtime_env={"env_vars": environment},
            log_to_driver=False,
        )
        yield
        ray.shutdown()


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory, flights: pa.Table) -> Iterator[Endpoint]:
    directory = tmp_path_factory.mktemp("endpoint")
    columns = directory / "flights.parquet"
    pq.write_table(numbered(flights.slice(0, 10), 1), columns)
    tables = {
        "main.default.died": columns,
        "main.default.raised": columns,
        "main.default.texts": create(directory, "texts", "id BIGINT, text STRING"),
        "main.default.stamped": create(directory, "stamped", f"id BIGINT, {STAMPS}"),
    }
    with served(directory, tables) as endpoint:
        yield endpoint


class FailsOnce(ZerobusDatasink):
    """Its first attempt at part 0 sends half of its rows, and then its process dies, or it raises."""

    def __init__(self, table: str, marker: Path, dies: bool, **options: Any) -> None:
        super().__init__(table, **options)
        self._marker = marker
        self._dies = dies

    def write(self, blocks: Any, ctx: Any) -> Any:
        if ctx.task_idx != 0 or self._marker.exists():
            return super().write(blocks, ctx)
        self._marker.touch()
        (first, *_) = blocks
        super().write([first.slice(0, first.num_rows // 2)], ctx)
        if self._dies:
            os._exit(1)
        raise za.ConnectionFailedError("the service is away", retryable=True)


@pytest.mark.parametrize("dies", [True, False])
def test_a_task_that_fails_in_mid_write_loses_no_row_and_its_duplicates_are_counted(
    dies: bool, endpoint: Endpoint, flights: pa.Table, tmp_path: Path
) -> None:
    rows = numbered(flights, 4)
    table = "main.default.died" if dies else "main.default.raised"
    sink = FailsOnce(table, tmp_path / "failed", dies, report=tmp_path / "r.json", **endpoint.connection)
    blocks = [rows.slice(i * 21_049, 21_049) for i in range(4)]
    # That a worker dies is tried again by Ray unasked; that a task raises is not.
    again = {} if dies else {"retry_exceptions": [za.ConnectionFailedError]}
    ray.data.from_arrow(blocks).write_datasink(sink, ray_remote_args=again)
    assert (tmp_path / "failed").exists()
    times = endpoint.times(table)
    assert set(times) == set(range(rows.num_rows))
    report = sink.report
    assert report.rows == report.durable == rows.num_rows
    extra = times.total() - rows.num_rows
    assert 0 < extra <= report.possibly_duplicated == report.redelivered < rows.num_rows
    assert report.retried_tasks == 1 and report.complete
    assert json.loads((tmp_path / "r.json").read_text())["redelivered"] == report.redelivered


def test_rejected_rows_are_in_the_report_and_in_quarantine(endpoint: Endpoint, tmp_path: Path) -> None:
    texts = ["x" * (11_000_000 if i == 7 else 3) for i in range(20)]
    rows = ray.data.from_arrow(pa.table({"id": range(20), "text": texts}))
    sink = ZerobusDatasink(
        "main.default.texts", quarantine=tmp_path / "kept", run_id="first", **endpoint.connection
    )
    rows.write_datasink(sink)
    assert (sink.report.durable, sink.report.rejected_rows) == (19, 1)
    # The row itself is too large to come to the driver; its reason does.
    assert sink.report.rejected.column("_zb_error_row").to_pylist() == [7]
    assert "id" not in sink.report.rejected.column_names
    (file,) = sink.report.quarantine_files
    assert Path(file).is_relative_to(tmp_path / "kept/first")

    strict = ZerobusDatasink("main.default.texts", fail_on_rejected=True, **endpoint.connection)
    with pytest.raises(Exception, match="1 of 20 rows were rejected"):
        rows.write_datasink(strict)
    assert strict.report.durable == 19
    assert endpoint.times("main.default.texts") == dict.fromkeys(set(range(20)) - {7}, 2)


def test_rows_are_stamped_with_the_run_the_part_and_their_place(endpoint: Endpoint) -> None:
    rows = ray.data.range(3_000, override_num_blocks=3)
    sink = ZerobusDatasink("main.default.stamped", stamp_rows="true", run_id="nightly", **endpoint.connection)
    rows.write_datasink(sink)
    found = endpoint.rows("main.default.stamped")
    assert set(found.column("_zb_run").to_pylist()) == {"nightly"}
    keys = found.select(["_zb_part", "_zb_seq"]).group_by(["_zb_part", "_zb_seq"])
    assert keys.aggregate([]).num_rows == found.num_rows == 3_000


def test_what_is_wrong_is_told_and_shows_no_secret(endpoint: Endpoint) -> None:
    with pytest.raises(za.ConfigurationError, match="did you mean 'max_in_flight_bytes'"):
        ZerobusDatasink("main.default.texts", max_inflight_byte=5)
    sink = ZerobusDatasink("main.default.nowhere", **endpoint.connection)
    secret = endpoint.connection["client_secret"]
    assert secret not in repr(sink) + repr(vars(sink))
    # It goes to the workers, who need it.
    assert secret.encode() in pickle.dumps(sink)
    with pytest.raises(RuntimeError, match="before the write has ended"):
        _ = sink.report
    with pytest.raises(za.TableNotFoundError) as caught:
        ray.data.range(3).write_datasink(sink)
    assert secret not in str(caught.value)
    assert not sink.report.complete
