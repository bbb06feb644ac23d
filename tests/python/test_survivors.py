"""The judge of what is left: each way to break a table is found out."""

import deltalake
import pyarrow as pa
import pytest

import survivors


def healthy(directory) -> tuple[dict, list]:
    belief = {"table": str(directory), "acked": [[1, 0, 4]], "sent": [[1, 0, 6]]}
    return belief, [(1, seq, survivors.text_of(1, seq)) for seq in range(5)]


def verdict(belief, rows) -> dict:
    columns = dict(zip(("producer", "seq", "text"), map(list, zip(*rows))))
    deltalake.write_deltalake(belief["table"], pa.table(columns))
    return survivors.judge(belief)


def lose(rows):
    del rows[0]


def double(rows):
    rows.append(rows[4])


def invent(rows):
    rows.append((2, 0, survivors.text_of(2, 0)))


def change(rows):
    rows[1] = (1, 1, "another")


@pytest.mark.parametrize(
    "spoil, found", [(None, None), (lose, "lost"), (double, "twice"), (invent, "strangers"), (change, "strangers")]
)
def test_what_is_wrong_is_found_out_and_nothing_else(spoil, found, tmp_path):
    belief, rows = healthy(tmp_path / "table")
    if spoil:
        spoil(rows)
    seen = verdict(belief, rows)
    wrong = {name for name in ("lost", "twice", "strangers", "differs") if seen[name]}
    assert wrong == ({found} if found else set()), seen
    assert (seen["rows"], seen["acked"]) == (len(rows), 4)


def test_a_table_that_was_optimized_is_seen_to_be(tmp_path):
    belief, rows = healthy(tmp_path / "table")
    for row in rows:
        columns = dict(zip(("producer", "seq", "text"), ([value] for value in row)))
        deltalake.write_deltalake(belief["table"], pa.table(columns), mode="append")
    deltalake.DeltaTable(belief["table"]).optimize.compact()
    seen = survivors.judge(belief)
    assert (seen["files"], seen["optimized"], seen["changed"], seen["lost"]) == (1, 1, 0, 0)
