"""What Spark and Ray share, without either."""

from __future__ import annotations

import datetime
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from conftest import landed

import zerobus_arrow as za
from zerobus_arrow import _engines, _journal, _native, _options, _report
from zerobus_arrow._report import Report, Task, TaskReport

TABLE = "main.default.things"
BIG = 1 << 63


@pytest.mark.parametrize(
    ("spelt", "text", "name", "value"),
    [
        ("maxInFlightBytes", "1048576", "max_in_flight_bytes", "1048576"),
        ("maxinflightbytes", "16m", "max_in_flight_bytes", "16m"),
        ("REQUEST_BYTES", "64 KiB", "request_bytes", "64 KiB"),
        ("ackTimeout", "1.5", "ack_timeout", "1.5"),
        ("ack_timeout", "500ms", "ack_timeout", "500ms"),
        ("give-up-after", "2m", "give_up_after", "2m"),
        ("retryBase", datetime.timedelta(seconds=2), "retry_base", datetime.timedelta(seconds=2)),
        ("keepRejected", "7", "keep_rejected", 7),
        ("environment", "TRUE", "environment", True),
        ("allowPlaintext", "false", "allow_plaintext", "false"),
        ("telemetry", "true", "telemetry", True),
        ("telemetry", "http://collector:4318", "telemetry", "http://collector:4318"),
        ("debugHash", "name, mail", "debug_hash", "name, mail"),
        ("quarantine", Path("/kept"), "quarantine", "/kept"),
        ("clientSecret", "007", "client_secret", "007"),
    ],
)
def test_options_are_found_by_their_names_and_settings_are_left_to_who_reads_them(
    spelt: str, text: Any, name: str, value: Any
) -> None:
    settings = _options.read({"table": TABLE, spelt: text})
    assert settings.client[name] == value
    assert type(settings.client[name]) is type(value)


def test_texts_mean_the_same_as_values() -> None:
    texts = {"maxInFlightBytes": "16m", "ackTimeout": "2m", "retryBase": "500ms", "allowPlaintext": "TRUE"}
    values = {"max_in_flight_bytes": 16 << 20, "ack_timeout": 120, "retry_base": 0.5}
    given = _options.read({"table": TABLE, **texts}).client
    del given["allow_plaintext"]
    with za.Client.dry_run(**given) as one, za.Client.dry_run(**values) as other:  # type: ignore[arg-type]
        # A text of the engine is read as a keyword's value is.
        assert one.settings() == other.settings()


def test_every_keyword_of_a_client_can_be_given() -> None:
    samples = {bool: "true", int: "1"}
    examples = {name: example for name, _, _, example, _, _ in _native.settings()}
    for name, hint in _options._HINTS.items():
        if name not in ("table", "token"):
            _options.read({"table": TABLE, name: examples.get(name, samples.get(hint, "1"))})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "'table' is missing"),
        ({"table": "two.parts"}, "catalog.schema.table"),
        ({"table": TABLE, "maxinflight": "1"}, "no option 'maxinflight'; did you mean 'maxInFlightBytes'"),
        ({"table": TABLE, "clientsecrets": "canary"}, "did you mean 'clientSecret'"),
        ({"table": TABLE, "ack_timeout": "1", "ackTimeout": "1"}, "'ackTimeout' is given twice"),
        ({"table": TABLE, "streams": "many"}, 'streams is a whole number from 1 to 64, not "many"'),
        ({"table": TABLE, "ackTimeout": "soon"}, "ackTimeout is a time above 0"),
        ({"table": TABLE, "clientSecret": "canary\ncanary"}, "clientSecret is a text in one line"),
        ({"table": TABLE, "keepRejected": "many"}, "keepRejected: 'many' is no whole number"),
        ({"table": TABLE, "environment": "yes"}, "neither true nor false"),
        ({"table": TABLE, "token": "canary"}, "token is a function"),
        ({"table": TABLE, "runId": "../up"}, "runId has letters"),
    ],
)
def test_what_is_wrong_is_named_without_a_secret(given: dict[str, str], told: str) -> None:
    with pytest.raises(za.ConfigurationError) as caught:
        _options.read(given, camel=True)
    assert told in str(caught.value)
    assert "canary" not in str(caught.value)


def test_settings_show_no_secret() -> None:
    settings = _options.read({"table": TABLE, "client_secret": "canary", "host": "h"})
    assert repr(settings) == f"<options of a write to {TABLE}: client_secret, host, keep_rejected>"
    assert pickle.loads(pickle.dumps(settings)) == settings


def rows(values: list[int]) -> pa.RecordBatch:
    return pa.record_batch({"n": pa.array(values, pa.uint64())})


def delivered(
    monkeypatch: pytest.MonkeyPatch, lake: Path, task: Task, batches: Any, **options: Any
) -> TaskReport:
    """The report of a task whose client is one of a local endpoint."""
    monkeypatch.setattr(_engines, "Client", lambda **options: za.Client.local(lake, **options))
    settings = _options.read({"table": TABLE, **options})
    return _engines.deliver(settings, task, batches)


def test_a_first_attempt_that_goes_well_duplicates_nothing(
    monkeypatch: pytest.MonkeyPatch, lake: Path
) -> None:
    report = delivered(monkeypatch, lake, Task("run", 3), [rows([1, 2]), rows([]), rows([3])])
    assert (report.part, report.rows, report.durable, report.possibly_duplicated) == (3, 3, 3, 0)
    assert report.ranges["durable"] == ((0, 3),)


@pytest.mark.parametrize("attempt", [1, 5, None])
def test_a_later_attempt_and_one_that_is_not_told_may_duplicate_every_row(
    attempt: int | None, monkeypatch: pytest.MonkeyPatch, lake: Path
) -> None:
    report = delivered(monkeypatch, lake, Task("run", 0, attempt), [rows([1, 2, BIG])])
    assert (report.durable, report.redelivered, report.possibly_duplicated) == (2, 2, 2)
    total = Report.of(TABLE, "run", [report, TaskReport("run", 1, 0)])
    assert (total.retried_tasks, total.redelivered, total.rejected_rows) == (1, 2, 1)


def test_the_journal_knows_attempts_that_the_engine_does_not_tell_of(
    monkeypatch: pytest.MonkeyPatch, lake: Path, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"

    def attempt(run: str, part: int, batches: Any) -> TaskReport:
        return delivered(monkeypatch, lake, Task(run, part), batches, journal=journal)

    assert not attempt("run", 0, [rows([1, 2])]).retried

    def failing() -> Any:
        yield rows([1, 2])
        raise KeyError("the source is away")

    with pytest.raises(KeyError):
        attempt("run", 1, failing())
    again = attempt("run", 1, [rows([1, 2])])
    assert (again.attempt, again.retried, again.redelivered) == (0, True, 2)

    def accompanied() -> Any:
        yield rows([1])
        # A copy of the task begins while this one is under way.
        (journal / "run/part-00002/another").touch()
        yield rows([2])

    assert attempt("run", 2, accompanied()).retried
    assert not attempt("other", 1, [rows([1])]).retried

    _journal.forget(str(journal), "run")
    assert [path.name for path in journal.iterdir()] == ["other"]
    (tmp_path / "file").touch()
    with pytest.raises(za.FilesError, match="journal"):
        delivered(monkeypatch, lake, Task("run", 0), [rows([1])], journal=tmp_path / "file/below")
    assert landed(lake).num_rows == 2 + 2 + 2 + 2 + 1


def test_a_task_without_rows_needs_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(_engines, "Client")
    settings = _options.read({"table": TABLE})
    assert _engines.deliver(settings, Task("run", 0), iter([rows([])])).rows == 0


def test_what_travels_is_bounded(monkeypatch: pytest.MonkeyPatch, lake: Path) -> None:
    values = [BIG + i if i % 2 else i for i in range(10_000)]
    report = delivered(monkeypatch, lake, Task("run", 0), [rows(values)])
    assert report.durable == 5_000 and sum(report.rejections.values()) == 5_000
    assert report.rejected is not None and report.rejected.num_rows == _options.KEEP_REJECTED
    assert report.rejected_not_kept == 5_000 - _options.KEEP_REJECTED
    assert len(report.ranges["durable"]) == 1_000 and not report.ranges_are_whole
    assert len(pickle.dumps(report)) < 100_000
    total = Report.of(TABLE, "run", [report] * 50)
    assert total.rejected_rows == 250_000 and total.rejected.num_rows == 1_000


def test_rejected_rows_that_are_large_leave_their_reasons_alone(
    monkeypatch: pytest.MonkeyPatch, lake: Path
) -> None:
    batch = pa.record_batch({"n": [1, 2], "text": ["x", "y" * 11_000_000]})
    report = delivered(monkeypatch, lake, Task("run", 0), [batch])
    assert report.rejected is not None
    assert report.rejected.column_names == list(_report._REASONS)
    assert len(pickle.dumps(report)) < 10_000


def test_a_report_for_json_has_places_and_kinds_and_no_values(
    monkeypatch: pytest.MonkeyPatch, lake: Path
) -> None:
    report = delivered(monkeypatch, lake, Task("run", 4), [rows([1, BIG + 12_345])])
    assert report.rejected is not None and report.rejected.column("n").to_pylist() == [BIG + 12_345]
    facts = Report.of(TABLE, "run", [report, None], complete=False).to_dict()
    (reason,) = facts["rejected_rows"]
    assert (reason["part"], reason["row"], reason["column"]) == (4, 1, "n")
    assert str(BIG + 12_345) not in str(facts)
    assert (facts["tasks"], facts["complete"], facts["durable"]) == (2, False, 1)


def test_stamps_depend_on_the_write_the_part_and_the_place_alone(
    monkeypatch: pytest.MonkeyPatch, lake: Path
) -> None:
    whole = pa.record_batch({"n": list(range(10))})
    for attempt, batches in enumerate([[whole], [whole.slice(0, 3), whole.slice(3)]]):
        delivered(monkeypatch, lake, Task("run", 2, attempt), batches, stamp_rows=True)
    found = landed(lake)
    expected = [{"n": n, "_zb_run": "run", "_zb_part": 2, "_zb_seq": n} for n in range(10)]
    assert found.sort_by("n").to_pylist() == [row for row in expected for _ in range(2)]
    with pytest.raises(za.SchemaError, match="_zb_part already"):
        delivered(
            monkeypatch,
            lake,
            Task("run", 0),
            [pa.record_batch({"_zb_part": [1]})],
            stamp_rows=True,
        )


def test_the_report_of_a_write_that_was_told_of_before_counts_all_of_it(tmp_path: Path) -> None:
    for place in (tmp_path / "one.json", tmp_path / "many"):
        settings = _options.read({"table": TABLE, "report": place})
        task = TaskReport("run", 0, 0, rows=5, durable=5)
        assert not _report.is_told_of(settings, "run")
        _report.write(settings, Report.of(TABLE, "run", [task]))
        assert _report.is_told_of(settings, "run")
        assert not _report.is_told_of(settings, "another")
        again = Report.of(TABLE, "run", [task], replayed=_report.is_told_of(settings, "run"))
        assert (again.redelivered, again.possibly_duplicated) == (5, 5)


def test_a_report_that_cannot_be_written_fails_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    settings = _options.read({"table": TABLE, "report": tmp_path / "file/below.json"})
    _report.write(settings, Report.of(TABLE, "run", []))
    assert "cannot be written" in caplog.text


def test_the_package_imports_no_engine() -> None:
    code = (
        "import sys, zerobus_arrow, zerobus_arrow.testing; "
        "print([m for m in ('pyspark', 'ray', 'pyarrow', 'deltalake') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
