"""Holds what was acknowledged against the Delta tables that are left. Shares no code with the server.

    python survivors.py FILE...

Each FILE is JSON: {"table": DIRECTORY, "acked": [[producer, from, to]...], "sent": [...]}. A row is
(producer, seq, text), and its text follows from the other two. Nobody has sent a row twice. Prints, by file:

    lost       rows that were acknowledged and are not there
    twice      rows that are there more than once
    strangers  rows that were not sent, or are not as they were sent
    differs    rows that one of two readers finds and the other does not
    rows, versions, files, optimized    what the table is made of; `optimized` counts commits by OPTIMIZE
    changed    OPTIMIZE commits that say that they change data
"""

import json
import sys
from collections import Counter
from pathlib import Path

import deltalake
import duckdb

import readers


def text_of(producer: int, seq: int) -> str:
    return f"{producer}.{seq}." * (1 + seq % 5)


def expand(ranges) -> set:
    return {(producer, seq) for producer, start, end in ranges for seq in range(start, end)}


def judge(belief: dict) -> dict:
    directory = Path(belief["table"])
    table = deltalake.DeltaTable(directory)
    # One thread: the tables are small, and threads that outlive the interpreter bring it down.
    found = table.to_pyarrow_dataset().to_table(use_threads=False)
    rows = list(zip(*(found[name].to_pylist() for name in ("producer", "seq", "text"))))
    ids = Counter((producer, seq) for producer, seq, _ in rows)
    acked, sent = expand(belief["acked"]), expand(belief["sent"])
    with duckdb.connect() as connection:
        connection.execute(f"LOAD '{readers._delta_extension()}'")
        scanned = connection.execute("SELECT producer, seq FROM delta_scan(?)", [str(directory.resolve())])
        others = Counter(scanned.fetchall())
    log = [
        [json.loads(line) for line in commit.read_text().splitlines()]
        for commit in sorted((directory / "_delta_log").glob("*.json"))
    ]
    optimized = [
        actions
        for actions in log
        if any(action.get("commitInfo", {}).get("operation") == "OPTIMIZE" for action in actions)
    ]
    changes = lambda action: any(action.get(kind, {}).get("dataChange") for kind in ("add", "remove"))  # noqa: E731
    return {
        "lost": len(acked - ids.keys()),
        "twice": sum(n > 1 for n in ids.values()),
        "strangers": sum((p, s) not in sent or text != text_of(p, s) for p, s, text in rows),
        "differs": ((ids - others) + (others - ids)).total(),
        "rows": len(rows),
        "acked": len(acked),
        "versions": table.version(),
        "files": len(table.file_uris()),
        "optimized": len(optimized),
        "changed": sum(any(map(changes, actions)) for actions in optimized),
    }


def main() -> int:
    print(json.dumps({name: judge(json.loads(Path(name).read_text())) for name in sys.argv[1:]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
