"""Holds what clients believe became of their rows against the Delta tables. Shares no code with them.

    python judge.py DIRECTORY

DIRECTORY has a JSON file for each sending, written by `tests/tests/it/matrix/belief.rs`. Every row that
was sent has an id (producer, seq) and a hash of its content. Prints a JSON object: for each file its
violations, of which there should be none, and its figures. First of all the judge judges itself: results
that are broken on purpose must be found out, and the word for each is in "controls".

The rules, by the letters they have in SEMANTICS.md:

    I1  a row that is durable is in the table
    I2  offered = durable + rejected + not sent + unknown, and no row is two of these
    I3  a row that is rejected or not sent is not in the table
    I4  a row that is there twice was reported as possibly duplicated, or is unknown
    I5  no row is in the table that was not sent, and each is as it was sent
    I6  rows are stored for the first time in the order in which they were sent
    I7  time and memory stay within their bounds
    quarantine  rejected rows are in quarantine, for the reason that the receipt gives
    stamps      what (_zb_batch, _zb_row) says of duplicates is what the ids say
"""

import copy
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path

import deltalake
import pyarrow.parquet as pq

SHOWN = 5
"""Rows that a violation names; all are counted."""

COLUMNS = ["run", "producer", "seq", "kind", "payload", "hash"]
STAMPS = ["_zb_batch", "_zb_row"]


def content_hash(run, producer, seq, kind, payload) -> str:
    """What stands in the column `hash` of a row that is as it was sent."""
    text = f"{run}|{producer}|{seq}|{kind}|{payload}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def expand(ranges) -> set:
    """The ids of ranges (producer, from, to)."""
    return {(producer, seq) for producer, start, end in ranges for seq in range(start, end)}


def size(ranges) -> int:
    return sum(end - start for _, start, end in ranges)


def rejected_ids(rejections) -> set:
    return {(producer, seq) for producer, seq, _ in rejections}


class Verdict:
    """What was found."""

    def __init__(self):
        self.violations = []

    def none_of(self, rule: str, what: str, ids) -> None:
        """No id may be left."""
        if ids:
            shown = ", ".join(str(i) for i in sorted(ids)[:SHOWN])
            self.violations.append(f"{rule}: {len(ids)} rows {what}: {shown}")

    def holds(self, rule: str, what: str, truth: bool) -> None:
        if not truth:
            self.violations.append(f"{rule}: {what}")


def judge(belief: dict, rows: list) -> dict:
    """The verdict on one sending: `rows` are the table's, in the order of their commits."""
    found = Verdict()
    offered = expand(belief["offered"])
    fates = {
        "durable": expand(belief["durable"]),
        "rejected": rejected_ids(belief["rejected"]),
        "not sent": expand(belief["not_sent"]),
        "unknown": expand(belief["unknown"]),
    }
    doubtful = expand(belief["possibly_duplicated"])
    counts = Counter((row["producer"], row["seq"]) for row in rows)
    stored = counts.keys()

    found.none_of("I1", "are durable and not in the table", fates["durable"] - stored)
    settled = set().union(*fates.values())
    found.none_of("I2", "were offered and have no fate", offered - settled)
    found.none_of("I2", "have a fate and were not offered", settled - offered)
    several = Counter(i for ids in fates.values() for i in ids)
    found.none_of("I2", "have several fates", {i for i, n in several.items() if n > 1})
    told = len(belief["rejected"]) + sum(size(belief[k]) for k in ("durable", "not_sent", "unknown"))
    found.holds("I2", "a fate is told twice", told == sum(len(ids) for ids in fates.values()))
    found.none_of("I3", "were rejected and are in the table", fates["rejected"] & stored)
    found.none_of("I3", "were not sent and are in the table", fates["not sent"] & stored)
    twice = {i for i, n in counts.items() if n > 1}
    found.none_of("I4", "are there twice without a word", twice - doubtful - fates["unknown"])
    found.none_of("I4", "are doubtful and not durable", doubtful - fates["durable"])
    found.none_of("I5", "are in the table and were not sent", stored - offered)
    found.none_of(
        "I5",
        "are of another run",
        {(row["producer"], row["seq"]) for row in rows if row["run"] != belief["run"]},
    )
    found.none_of(
        "I5",
        "are not as they were sent",
        {
            (row["producer"], row["seq"])
            for row in rows
            if row["hash"] != content_hash(*(row[name] for name in COLUMNS[:-1]))
        },
    )
    if belief["ordered"]:
        found.none_of("I6", "are out of order", out_of_order(rows))
    if belief["recovery_ms"]:
        slowest, limit = max(belief["recovery_ms"]), belief["recovery_limit_ms"]
        found.holds("I7", f"recovering took {slowest} ms of at most {limit}", slowest <= limit)
    if belief["peak_memory"] is not None:
        peak, limit = belief["peak_memory"], belief["memory_limit"]
        found.holds("I7", f"{peak} bytes of memory of at most {limit}", peak <= limit)
    if belief["quarantine"] is not None:
        kept = Counter(tuple(row) for row in belief["quarantine"])
        told = Counter(tuple(row) for row in belief["rejected"])
        found.holds("quarantine", f"has {kept}, rejected were {told}", kept == told)
    if belief["expected_rejected"] is not None:
        want = sorted(tuple(row) for row in belief["expected_rejected"])
        have = sorted(tuple(row) for row in belief["rejected"])
        found.holds("quarantine", f"rejected {have[:SHOWN]}…, should be {want[:SHOWN]}…", want == have)
    match belief["duplicates"]:
        case "none":
            found.none_of("I4", "are there twice and could not be", twice)
        case "real":
            found.holds("I4", "no row is there twice, so the fault has not shown", bool(twice))
    if belief["stamped"]:
        stamps = {}
        for row in rows:
            stamps.setdefault((row["_zb_batch"], row["_zb_row"]), set()).add((row["producer"], row["seq"]))
        found.holds("stamps", "a stamp is on two rows", all(len(ids) == 1 for ids in stamps.values()))
        found.holds("stamps", "a row has two stamps", len(stamps) == len(counts))
    return {
        "violations": found.violations,
        "rows": len(rows),
        "offered": len(offered),
        "durable": len(fates["durable"]),
        "rejected": len(fates["rejected"]),
        "not_sent": len(fates["not sent"]),
        "unknown": len(fates["unknown"]),
        "lost": len(fates["durable"] - stored),
        "unaccounted": len(offered - settled),
        "duplicates_reported": len(doubtful),
        "duplicates_real": sum(n - 1 for n in counts.values()),
    }


def out_of_order(rows: list) -> set:
    """Rows whose first place in the table is behind a later row of the same producer."""
    seen, highest, late = set(), {}, set()
    for row in rows:
        producer, seq = key = (row["producer"], row["seq"])
        if key in seen:
            continue
        seen.add(key)
        if seq < highest.get(producer, -1):
            late.add(key)
        highest[producer] = max(seq, highest.get(producer, -1))
    return late


def read(directory: Path, stamped: bool) -> list:
    """The rows of a table in the order of their commits, which `deltalake` must find as many of."""
    if not (directory / "_delta_log").is_dir():
        return []
    columns = COLUMNS + (STAMPS if stamped else [])
    rows = []
    for commit in sorted((directory / "_delta_log").glob("*.json")):
        for line in commit.read_text().splitlines():
            action = json.loads(line)
            assert "remove" not in action, "these tables only grow"
            if "add" in action:
                file = directory / action["add"]["path"]
                rows += pq.read_table(file, columns=columns, use_threads=False).to_pylist()
    # One thread: the tables are small, and threads that outlive the interpreter bring it down.
    known = deltalake.DeltaTable(directory).to_pyarrow_dataset().to_table(columns=columns, use_threads=False)
    order = lambda row: (row["producer"], row["seq"])  # noqa: E731
    assert sorted(rows, key=order) == sorted(known.to_pylist(), key=order), "the log and deltalake disagree"
    return rows


# What the judge must find out, each a way to break a result that is good, and the rule that it breaks.


def healthy() -> tuple[dict, list]:
    """Ten rows: 0 to 5 durable of which 2 is there twice and said to be, 6 rejected, 7 and 8 unknown, 9 not sent."""
    belief = {
        "run": "control",
        "offered": [[0, 0, 10]],
        "durable": [[0, 0, 6]],
        "rejected": [[0, 6, "refused_by_service"]],
        "unknown": [[0, 7, 9]],
        "not_sent": [[0, 9, 10]],
        "possibly_duplicated": [[0, 2, 4]],
        "quarantine": [[0, 6, "refused_by_service"]],
        "expected_rejected": [[0, 6, "refused_by_service"]],
        "ordered": True,
        "recovery_ms": [10],
        "recovery_limit_ms": 100,
        "peak_memory": 1,
        "memory_limit": 2,
        "duplicates": "real",
        "stamped": True,
    }

    def row(seq: int) -> dict:
        values = ["control", 0, seq, "good", f"payload {seq}"]
        return dict(zip(COLUMNS, [*values, content_hash(*values)])) | {"_zb_batch": "b", "_zb_row": seq}

    return belief, [row(seq) for seq in [0, 1, 2, 2, 3, 4, 5, 7]]


def drop_a_row(belief, rows):
    rows.pop(0)


def claim_durable(belief, rows):
    belief["durable"], belief["unknown"] = [[0, 0, 6], [0, 8, 9]], [[0, 7, 8]]


def double_silently(belief, rows):
    rows.append(dict(rows[0]))


def add_a_foreign_row(belief, rows):
    values = ["control", 3, 77, "good", "nobody sent this"]
    rows.append(dict(zip(COLUMNS, [*values, content_hash(*values)])) | {"_zb_batch": "c", "_zb_row": 0})


def change_a_value(belief, rows):
    rows[1]["payload"] = "payload of another"


def take_from_another_run(belief, rows):
    values = ["another", 0, 1, "good", "payload 1"]
    rows[1] = dict(zip(COLUMNS, [*values, content_hash(*values)])) | {"_zb_batch": "b", "_zb_row": 1}


def swap_two_rows(belief, rows):
    rows[0], rows[1] = rows[1], rows[0]


def forget_a_row(belief, rows):
    belief["not_sent"] = []


def tell_two_fates(belief, rows):
    belief["unknown"] = [[0, 6, 9]]


def tell_a_fate_twice(belief, rows):
    belief["durable"].append([0, 0, 1])


def store_a_rejected_row(belief, rows):
    belief["durable"] = [[0, 0, 5]]
    for told in ("rejected", "quarantine", "expected_rejected"):
        belief[told].append([0, 5, "refused_by_service"])


def store_a_row_not_sent(belief, rows):
    belief["not_sent"], belief["unknown"] = [[0, 7, 8], [0, 9, 10]], [[0, 8, 9]]


def lose_from_quarantine(belief, rows):
    belief["quarantine"] = []


def give_another_reason(belief, rows):
    belief["quarantine"] = [[0, 6, "missing_value"]]


def reject_another_row(belief, rows):
    belief["expected_rejected"] = [[0, 5, "refused_by_service"]]


def take_too_long(belief, rows):
    belief["recovery_ms"] = [10, 101]


def take_too_much_memory(belief, rows):
    belief["peak_memory"] = 3


def stamp_two_rows_alike(belief, rows):
    rows[0]["_zb_row"] = 1


def double_nothing(belief, rows):
    rows.pop(3)


CONTROLS = [
    (drop_a_row, "I1"),
    (claim_durable, "I1"),
    (forget_a_row, "I2"),
    (tell_two_fates, "I2"),
    (tell_a_fate_twice, "I2"),
    (store_a_rejected_row, "I3"),
    (store_a_row_not_sent, "I3"),
    (double_silently, "I4"),
    (double_nothing, "I4"),
    (add_a_foreign_row, "I5"),
    (change_a_value, "I5"),
    (take_from_another_run, "I5"),
    (swap_two_rows, "I6"),
    (take_too_long, "I7"),
    (take_too_much_memory, "I7"),
    (lose_from_quarantine, "quarantine"),
    (give_another_reason, "quarantine"),
    (reject_another_row, "quarantine"),
    (stamp_two_rows_alike, "stamps"),
]


def controls() -> dict:
    """Whether each broken result was found out by its rule; and the good one was let pass."""
    caught = {"healthy": not judge(*healthy())["violations"]}
    for spoil, rule in CONTROLS:
        belief, rows = copy.deepcopy(healthy())
        spoil(belief, rows)
        violations = judge(belief, rows)["violations"]
        caught[spoil.__name__] = any(text.startswith(f"{rule}: ") for text in violations)
    return caught


def main() -> int:
    directory = Path(sys.argv[1])
    verdicts = {}
    for file in sorted(directory.glob("*.json")):
        belief = json.loads(file.read_text())
        try:
            verdicts[belief["name"]] = judge(belief, read(Path(belief["table"]), belief["stamped"]))
        except Exception as error:  # A table that cannot be read is a verdict, too.
            verdicts[belief["name"]] = {"violations": [f"unreadable: {error!r}"]}
    print(json.dumps({"controls": controls(), "verdicts": verdicts}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
