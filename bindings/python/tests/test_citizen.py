"""A good citizen of the interpreter: threads, signals, forks, logs, memory and the end."""

from __future__ import annotations

import datetime
import gc
import logging
import os
import resource
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from conftest import TABLE, assert_landed

import zerobus_arrow as za
from zerobus_arrow import _native


def ids(first: int, rows: int) -> pa.Table:
    return pa.table({"id": pa.array(range(first, first + rows), pa.int64())})


def test_16_threads_share_a_client(client: za.Client, lake: Path) -> None:
    def send(thread: int) -> int:
        return sum(client.send(TABLE, ids(thread * 1_000 + i * 10, 10)).durable for i in range(100))

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(send, range(16))) == 16_000
    assert_landed(lake, ids(0, 16_000))


def test_others_run_while_a_send_waits(client: za.Client) -> None:
    """A thread that counts keeps most of its pace: the GIL is free during conversion and waiting."""
    client.send(TABLE, ids(0, 1))
    stop = threading.Event()
    counted = 0

    def count() -> None:
        nonlocal counted
        while not stop.is_set():
            counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    before, begun = counted, time.perf_counter()
    big = ids(0, 2_000_000)
    client.send(TABLE, big)
    took, ticks = time.perf_counter() - begun, counted - before
    stop.set()
    thread.join()
    # With the GIL held, it would not count at all.
    assert ticks > took * 1_000 * 0.2, (ticks, took)


INTERRUPTED = """
import os, signal, sys, threading, time
import pyarrow as pa
import zerobus_arrow as za

def blocked():
    '''An endpoint that takes connections and says nothing.'''
    import socket
    listening = socket.create_server(("127.0.0.1", 0))
    return listening, f"http://127.0.0.1:{listening.getsockname()[1]}"

held, url = blocked()
client = za.Client(endpoint=url, host=url, token=lambda table: "token")
pressed = []

def press():
    time.sleep(0.5)
    pressed.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=press).start()
try:
    CALL
except KeyboardInterrupt:
    print(time.monotonic() - pressed[0])
    # The first one has not broken anything.
    client.close(0)
    sys.exit(0)
sys.exit("not interrupted")
"""


@pytest.mark.parametrize(
    "call",
    [
        'client.send("a.b.c", pa.table({"n": [1]}))',
        'client.submit("a.b.c", pa.table({"n": [1]}))',
        'client.sender("a.b.c", pa.schema([("n", pa.int64())]))',
        'client.describe_table("a.b.c")',
    ],
)
def test_ctrl_c_ends_a_wait_within_200_ms(call: str, child) -> None:  # type: ignore[no-untyped-def]
    done = child(INTERRUPTED.replace("CALL", call))
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 0.2, done.stdout


def test_ctrl_c_ends_a_long_stream(child) -> None:  # type: ignore[no-untyped-def]
    done = child("""
        import os, signal, sys, threading, time
        import pyarrow as pa, zerobus_arrow as za

        def endless():
            while True:
                yield pa.table({"n": pa.array(range(10_000), pa.int64())})

        client = za.Client.dry_run()
        pressed = []
        def press():
            time.sleep(0.5)
            pressed.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=press).start()
        try:
            client.send("a.b.c", endless())
        except KeyboardInterrupt:
            print(time.monotonic() - pressed[0])
    """)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 0.2, done.stdout


def test_a_child_of_a_process_that_used_it_gets_a_clear_error(child) -> None:  # type: ignore[no-untyped-def]
    done = child("""
        import gc, os, sys, threading
        import pyarrow as pa, zerobus_arrow as za

        lake = os.environ["LAKE"]
        rows = pa.table({"n": [1, 2]})
        client = za.Client.local(lake)
        client.send("main.default.n", rows)
        sender = client.sender("main.default.n", rows.schema)
        ticket = client.submit("main.default.n", rows)
        done = threading.Event()
        def load():
            while not done.is_set():
                client.send("main.default.n", rows)
        loading = threading.Thread(target=load)
        loading.start()
        for number in range(50):
            pid = os.fork()
            if pid == 0:
                for use in (
                    lambda: client.send("main.default.n", rows),
                    lambda: client.close(),
                    lambda: sender.send(rows),
                    lambda: sender.close(),
                    lambda: ticket.wait(),
                    lambda: za.Client.dry_run(),
                ):
                    try:
                        use()
                        os._exit(1)
                    except za.ForkError:
                        pass
                client = sender = ticket = None
                gc.collect()
                sys.exit(0)
            _, status = os.waitpid(pid, 0)
            assert status == 0, status
        done.set()
        loading.join()
        assert ticket.wait().durable == 2
        assert client.send("main.default.n", rows).durable == 2
        sender.close()
        client.close()
        print("fine")
    """)
    assert (done.returncode, done.stdout.strip()) == (0, "fine"), done.stderr


def test_children_of_a_process_that_only_imported_it_have_their_own(child) -> None:  # type: ignore[no-untyped-def]
    done = child("""
        import multiprocessing, os
        import pyarrow as pa, zerobus_arrow as za

        def send(number):
            with za.Client.local(f"{os.environ['LAKE']}-{number}") as client:
                return client.send("main.default.n", pa.table({"n": [1, 2]})).durable

        with multiprocessing.get_context("fork").Pool(2) as pool:
            assert pool.map(send, range(4)) == [2] * 4
        print("fine")
    """)
    assert (done.returncode, done.stdout.strip()) == (0, "fine"), done.stderr


EXITS = {
    "no close": "",
    "a thread that sends": """
def send():
    while True:
        client.send("main.default.n", rows)
threading.Thread(target=send, daemon=True).start()
time.sleep(0.3)
""",
    "an exception": "raise ValueError('on purpose')",
    "sys.exit in a callback": """
def stop(progress):
    sys.exit(7)
def slow():
    for _ in range(100):
        time.sleep(0.05)
        yield rows
client.send("main.default.n", slow(), progress=stop)
""",
    "a ticket that is open": "ticket = client.submit('main.default.n', rows)",
    "an abrupt end": "os._exit(9)",
}


@pytest.mark.parametrize("how", EXITS)
def test_the_interpreter_ends_soon_and_in_good_order(how: str, child) -> None:  # type: ignore[no-untyped-def]
    expected = {"an exception": 1, "sys.exit in a callback": 7, "an abrupt end": 9}
    begun = time.monotonic()
    done = child(
        f"""
import os, sys, threading, time
import pyarrow as pa, zerobus_arrow as za
rows = pa.table({{"n": pa.array(range(1_000), pa.int64())}})
client = za.Client.local(os.environ["LAKE"])
client.send("main.default.n", rows)
{EXITS[how]}
"""
    )
    assert done.returncode == expected.get(how, 0), (done.returncode, done.stderr)
    assert "panicked" not in done.stderr and "Fatal" not in done.stderr, done.stderr
    assert time.monotonic() - begun < 15


def test_what_the_native_half_logs_reaches_logging(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="zerobus_arrow"):
        client = za.Client(
            endpoint="http://127.0.0.1:9",
            host="http://127.0.0.1:9",
            client_id="me",
            client_secret="canary-of-a-secret",
            max_attempts=2,
            retry_base=0.01,
        )
        with pytest.raises(za.ConnectionFailedError):
            client.send(TABLE, ids(0, 1))
        client.close()
        _native.flush_logs(datetime.timedelta(seconds=5))
    ours = [record for record in caplog.records if record.name.startswith("zerobus_arrow.zb_")]
    assert ours, caplog.records
    assert all("canary" not in record.getMessage() for record in ours)


def test_nothing_is_logged_as_wrong_when_nothing_is(lake: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), za.Client.local(lake) as client:
        client.send(TABLE, ids(0, 10))
    _native.flush_logs(datetime.timedelta(seconds=5))
    loud = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not loud, loud


def test_a_logging_handler_may_send(client: za.Client) -> None:
    """No deadlock: lines are handed over by a thread that holds nothing."""

    class Sends(logging.Handler):
        sent = 0

        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.WARNING and not Sends.sent:
                Sends.sent += client.send("main.default.logs", ids(0, 1)).durable

    handler = Sends()
    logging.getLogger("zerobus_arrow").addHandler(handler)
    try:
        failing = za.Client(
            endpoint="http://127.0.0.1:9",
            host="http://127.0.0.1:9",
            token=lambda _: "t",
            max_attempts=2,
            retry_base=0.01,
        )
        with pytest.raises(za.ConnectionFailedError):
            failing.send(TABLE, ids(0, 1))
        logging.getLogger("zerobus_arrow").warning("in any case")
        deadline = time.monotonic() + 10
        while not Sends.sent and time.monotonic() < deadline:
            time.sleep(0.01)
        assert Sends.sent == 1
    finally:
        logging.getLogger("zerobus_arrow").removeHandler(handler)


def test_a_panic_is_an_exception_like_others() -> None:
    with pytest.raises(za.InternalError, match="on purpose"):
        _native._panic()
    assert issubclass(za.InternalError, Exception)


def test_a_token_comes_from_a_function(client: za.Client) -> None:
    asked: list[str | None] = []

    def token(table: str | None) -> tuple[str, float]:
        asked.append(table)
        raise PermissionError("no token for you")

    other = za.Client(
        endpoint="http://127.0.0.1:9",
        host="http://127.0.0.1:9",
        token=token,
        max_attempts=1,
    )
    with pytest.raises(za.ZerobusError, match="no token for you"):
        other.send(TABLE, ids(0, 1))
    # One for the table, and one for the catalog of its workspace.
    assert TABLE in asked and set(asked) <= {TABLE, None}


def test_10_000_sends_do_not_grow_memory() -> None:
    with za.Client.dry_run() as client:
        rows = ids(0, 100)

        def send(times: int) -> int:
            for _ in range(times):
                client.send(TABLE, rows)
            gc.collect()
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * resource.getpagesize()

        objects = len(gc.get_objects())
        before = send(2_000)
        after = send(8_000)
        assert after - before < 8 << 20, (before, after)
        assert len(gc.get_objects()) - objects < 1_000
        assert sys.getrefcount(rows) < 10


def test_it_imports_without_pyarrow_pandas_or_polars(child) -> None:  # type: ignore[no-untyped-def]
    done = child("""
        import sys
        import zerobus_arrow
        heavy = {"pyarrow", "pandas", "polars", "pyspark", "ray", "tqdm", "numpy", "opentelemetry"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
    """)
    assert done.returncode == 0, done.stderr


def test_signals_of_others_are_heard(client: za.Client) -> None:
    """A handler runs while a send waits."""
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: heard.append(number))
    try:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1)).start()

        def slow() -> object:
            for i in range(10):
                time.sleep(0.05)
                yield ids(i, 1)

        client.send(TABLE, slow())
        assert heard == [signal.SIGUSR1]
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_spans_and_metrics_go_into_files_and_belong_to_the_callers_trace(lake: Path, tmp_path: Path) -> None:
    from opentelemetry.sdk.trace import TracerProvider

    files = tmp_path / "telemetry"
    with za.Client.local(lake, telemetry_dir=files) as client:
        with TracerProvider().get_tracer("test").start_as_current_span("outside") as outside:
            assert client.send(TABLE, ids(0, 100)).durable == 100
        with pytest.raises(za.ConfigurationError, match="one place"):
            za.Client.dry_run(telemetry_dir=tmp_path / "elsewhere")
        with za.Client.dry_run(telemetry_dir=files) as other:
            other.send(TABLE, ids(0, 1))
    tables: dict[str, list[dict[str, object]]] = {"trace": [], "metric": []}
    for path in files.rglob("*.arrows"):
        with pa.OSFile(str(path)) as source:
            rows = pa.ipc.open_stream(source).read_all().to_pylist()
        tables["trace" if path.name.startswith("spans") else "metric"] += rows
    trace = f"{outside.get_span_context().trace_id:032x}"
    text = str(tables["trace"])
    assert trace in text, text
    assert f"send {TABLE}" in text
    assert tables["metric"]
    # Afterwards another place is free to be chosen.
    with za.Client.dry_run(telemetry_dir=tmp_path / "elsewhere") as client:
        client.send(TABLE, ids(0, 1))


def test_a_program_may_end_while_a_thread_still_wakes_its_event_loop(child) -> None:  # type: ignore[no-untyped-def]
    done = child("""
        import asyncio, os, time
        import pyarrow as pa, zerobus_arrow as za

        class Slow:
            def __del__(self, sleep=time.sleep):
                sleep(1)  # so that the interpreter takes its time to go

        slow = Slow()

        async def main():
            loop = asyncio.get_running_loop()
            wake = loop._write_to_self

            def wake_slowly():
                wake()
                time.sleep(0.3)  # the loop goes on meanwhile, and the program ends

            loop._write_to_self = wake_slowly
            async with za.AsyncClient.local(os.environ["LAKE"]) as client:
                await client.send("main.default.days", pa.table({"day": [1, 2]}))

        asyncio.run(main())
    """)
    assert done.returncode == 0, done
