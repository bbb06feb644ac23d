"""What a receipt and an exception say."""

from __future__ import annotations

import asyncio
import copy
import linecache
import pickle
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from conftest import TABLE, landed

import zerobus_arrow as za

BIG = 1 << 63


def with_bad_rows(rows: int, bad: set[int]) -> pa.Table:
    """Rows of which some are too large for a BIGINT."""
    values = [BIG + i if i in bad else i for i in range(rows)]
    return pa.table({"n": pa.array(values, pa.uint64())})


def test_rejected_rows_come_back_with_their_reasons(client: za.Client, lake: Path) -> None:
    batches = with_bad_rows(100, {3, 40, 99}).to_batches(max_chunksize=30)
    receipt = client.send(TABLE, batches)
    assert (receipt.rows, receipt.durable, receipt.rejected_rows) == (100, 97, 3)
    assert sum(receipt.rejections.values()) == 3
    rejected = receipt.rejected
    assert rejected.column("_zb_error_row").to_pylist() == [3, 40, 99]
    assert rejected.column("n").to_pylist() == [BIG + 3, BIG + 40, BIG + 99]
    assert rejected.column("_zb_error_column").to_pylist() == ["n"] * 3
    assert receipt.ranges("durable") == ((0, 3), (4, 40), (41, 99))
    assert landed(lake).num_rows == 97


def test_raise_for_rejected_raises_only_for_rejected(client: za.Client) -> None:
    good = client.send(TABLE, with_bad_rows(5, set()))
    assert good.raise_for_rejected() is good
    bad = client.send(TABLE, with_bad_rows(5, {1}))
    with pytest.raises(za.RejectedRowsError, match="1 of 5 rows were rejected") as caught:
        bad.raise_for_rejected()
    assert caught.value.receipt is bad
    assert caught.value.table == TABLE


def test_a_receipt_keeps_as_many_rejected_rows_as_it_is_told(lake: Path) -> None:
    with za.Client.local(lake, keep_rejected=2) as client:
        receipt = client.send(TABLE, with_bad_rows(10, {1, 5, 7}))
    assert (receipt.rejected_rows, receipt.rejected.num_rows) == (3, 2)
    assert receipt.rejected_not_kept == 1


def test_a_receipt_reads_well_and_agrees_with_the_program(client: za.Client) -> None:
    receipt = client.send(TABLE, with_bad_rows(5, {1}))
    assert repr(receipt).startswith(f"<Receipt {TABLE}: 4 of 5 rows durable, 1 rejected (")
    facts = receipt.to_dict()
    assert facts["rejected"] == 1 and facts["rejections"][0]["count"] == 1
    assert set(facts) == {
        *("table", "rows", "durable", "rejected", "not_sent", "unknown", "possibly_duplicated"),
        *("bytes", "attempts", "elapsed_ms", "rejections"),
    }


def test_receipts_can_be_pickled_and_copied(client: za.Client) -> None:
    receipt = client.send(TABLE, with_bad_rows(5, {1}))
    for again in (pickle.loads(pickle.dumps(receipt)), copy.deepcopy(receipt)):
        assert again.to_dict() == receipt.to_dict()
        assert again.rejected.equals(receipt.rejected)
        assert again.ranges("durable") == receipt.ranges("durable")


def test_exceptions_can_be_pickled_and_keep_what_they_know(client: za.Client) -> None:
    client.send(TABLE, pa.table({"n": [1]}))
    with pytest.raises(za.SchemaError) as caught:
        client.send(TABLE, pa.table({"n": [1], "extra": [2]}))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again)) == (za.SchemaError, str(caught.value))
    assert again.table == caught.value.table == TABLE
    assert "extra" in str(again)


def test_a_dry_run_sends_nothing_and_raises_nothing() -> None:
    with za.Client.dry_run() as client:
        receipt = client.send(TABLE, with_bad_rows(10, {2}))
    assert (receipt.not_sent, receipt.rejected_rows, receipt.durable) == (9, 1, 0)
    assert receipt.error is None


def test_quarantine_has_the_rejected_rows(lake: Path, tmp_path: Path) -> None:
    with za.Client.local(lake, quarantine=tmp_path / "kept") as client:
        client.send(TABLE, with_bad_rows(10, {2, 3}))
        files = client.quarantine_files()
    with pa.OSFile(files[0]) as source:
        rows = pa.ipc.open_stream(source).read_all()
    assert rows.column("n").to_pylist() == [BIG + 2, BIG + 3]


def test_mirrors_show_what_was_handed_in(lake: Path, tmp_path: Path) -> None:
    with za.Client.local(lake, debug_dir=tmp_path / "debug", debug_hash="secret") as client:
        client.send(TABLE, pa.table({"n": [1, 2], "secret": ["canary", "canary"]}))
    files = [path for path in (tmp_path / "debug").rglob("*") if path.is_file()]
    assert any(path.suffix == ".arrows" for path in files)
    assert any(path.suffix == ".pb" for path in files)
    assert all(b"canary" not in path.read_bytes() for path in files if path.suffix == ".arrows")


def test_a_lost_service_is_an_error_with_the_receipt(tmp_path: Path) -> None:
    client = za.Client(
        endpoint="http://127.0.0.1:9",
        host="http://127.0.0.1:9",
        client_id="me",
        client_secret="canary-of-a-secret",
        max_attempts=2,
        retry_base=0.01,
    )
    with pytest.raises(za.ConnectionFailedError) as caught:
        client.send(TABLE, pa.table({"n": [1, 2]}))
    assert isinstance(caught.value, ConnectionError)
    assert caught.value.retryable
    assert caught.value.receipt is not None and caught.value.receipt.not_sent == 2
    assert "canary" not in repr(caught.value) + str(caught.value.__dict__)
    client.close()


def test_a_missing_table_and_a_bad_name_are_told_apart(client: za.Client) -> None:
    with pytest.raises(za.ConfigurationError, match="catalog"):
        client.send("two.parts", pa.table({"n": [1]}))
    with pytest.raises(za.TableNotFoundError):
        client.describe_table("main.default.none")


def test_settings_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ZEROBUS_SERVER_ENDPOINT", "ZEROBUS_ENDPOINT", "DATABRICKS_HOST"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(za.ConfigurationError, match="DATABRICKS_HOST"):
        za.Client.from_env()
    with pytest.raises(TypeError, match="did you mean 'client_id'"):
        za.Client(clientid="x")  # type: ignore[call-arg]
    with pytest.raises(za.ConfigurationError, match="streams"):
        za.Client.dry_run(streams=0)
    with pytest.raises(za.ConfigurationError, match="sub_microseconds"):
        za.Client.dry_run(sub_microseconds="round")


def test_a_directory_is_for_one_process_at_a_time(client: za.Client, lake: Path) -> None:
    with pytest.raises(za.LocalEndpointError):
        za.Client.local(lake)


def test_a_closed_client_takes_nothing_and_closes_again(client: za.Client) -> None:
    client.close()
    client.close()
    assert client.closed
    with pytest.raises(za.ClosedError):
        client.send(TABLE, pa.table({"n": [1]}))


def test_a_client_cannot_be_pickled(client: za.Client) -> None:
    with pytest.raises(TypeError, match="in each process"):
        pickle.dumps(client)


def test_tickets_are_waited_for_later(client: za.Client) -> None:
    tickets = [client.submit(TABLE, pa.table({"n": [i]})) for i in range(50)]
    client.flush()
    assert all(ticket.done() for ticket in tickets)
    assert sum(ticket.wait().durable for ticket in tickets) == 50
    assert tickets[0].wait() is tickets[0].wait(0.1)


def test_a_sender_has_options_of_its_own(client: za.Client, lake: Path) -> None:
    rows = pa.table({"n": pa.array(range(100), pa.int64())})
    with client.sender(TABLE, rows.schema, request_rows=10, stamp_rows=True) as sender:
        receipt = sender.send(rows)
        assert sender.table == TABLE
    assert receipt.durable == 100
    assert client.stats()["sent_requests"] >= 10
    assert {"n", "_zb_batch", "_zb_row"} == set(landed(lake).column_names)


def test_progress_is_told_to_functions_and_bars(client: za.Client) -> None:
    rows = pa.table({"n": pa.array(range(1_000), pa.int64())})
    told: list[za.Progress] = []
    client.send(TABLE, rows, progress=told.append)
    assert (told[-1].settled, told[-1].durable, told[-1].total) == (1_000, 1_000, 1_000)

    class Bar:
        rows = 0

        def update(self, n: int) -> None:
            self.rows += n

    bar = Bar()
    client.send(TABLE, rows, progress=bar)
    assert bar.rows == 1_000
    client.send(TABLE, rows, progress=True)
    with pytest.raises(TypeError, match="progress is"):
        client.send(TABLE, rows, progress=5)  # type: ignore[arg-type]


@pytest.mark.parametrize("how", ["client", "sender", "awaited client", "awaited sender"])
def test_that_there_is_no_bar_is_told_of_the_line_that_wants_one(
    how: str, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    rows = pa.table({"n": [1]})

    def send() -> None:
        with za.Client.local(lake) as client:
            if how == "client":
                client.send(TABLE, rows, progress=True)
            else:
                client.sender(TABLE, rows.schema).send(rows, progress=True)

    async def send_awaited() -> None:
        async with za.AsyncClient.local(lake) as client:
            if how == "awaited client":
                await client.send(TABLE, rows, progress=True)
            else:
                await (await client.sender(TABLE, rows.schema)).send(rows, progress=True)

    with pytest.warns(UserWarning, match="pip install tqdm") as told:
        asyncio.run(send_awaited()) if how.startswith("awaited") else send()
    assert told[0].filename == __file__
    assert "progress=True" in linecache.getline(__file__, told[0].lineno)


def test_what_progress_raises_ends_the_send(client: za.Client) -> None:
    def slow() -> object:
        import time

        for i in range(100):
            time.sleep(0.02)
            yield pa.table({"n": [i]})

    def stop(_: za.Progress) -> None:
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        client.send(TABLE, slow(), progress=stop)


def test_the_schema_tools_say_what_a_column_becomes() -> None:
    schema = pa.schema([pa.field("day", pa.date32(), nullable=False), ("price", pa.decimal128(9, 2))])
    day, price = za.schema.columns(schema)
    assert (day.name, day.protobuf, day.nullable) == ("day", "int32", False)
    assert price.delta == "DECIMAL(9, 2)"
    assert "required int32 day = 1;" in za.schema.proto(schema)
    assert za.schema.descriptor(schema)
    assert za.schema.table_schema(schema).field("price").type == pa.decimal128(9, 2)
    with pytest.raises(za.SchemaError) as caught:
        za.schema.proto(pa.schema([("a", pa.null()), ("b", pa.month_day_nano_interval())]))
    assert {column for column, _ in caught.value.problems} == {"a", "b"}
