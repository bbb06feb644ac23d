"""The judge: it reads real tables, and each of its controls is caught by its own rule."""

import json
import subprocess
import sys
from pathlib import Path

import deltalake
import pyarrow as pa
import pytest

import judge


def written(directory: Path, rows: list) -> Path:
    """Rows as a Delta table, in two commits."""
    for part in (rows[:4], rows[4:]):
        deltalake.write_deltalake(str(directory), pa.Table.from_pylist(part), mode="append")
    return directory


@pytest.mark.parametrize("spoil, rule", judge.CONTROLS, ids=lambda it: getattr(it, "__name__", it))
def test_a_broken_result_is_found_out_in_a_real_table(spoil, rule, tmp_path):
    belief, rows = judge.healthy()
    spoil(belief, rows)
    found = judge.read(written(tmp_path / "table", rows), stamped=True)
    violations = judge.judge(belief, found)["violations"]
    assert any(text.startswith(rule) for text in violations), violations


def test_a_good_result_passes_and_its_figures_add_up(tmp_path):
    belief, rows = judge.healthy()
    table = written(tmp_path / "table", rows)
    verdict = judge.judge(belief, judge.read(table, stamped=True))
    assert verdict["violations"] == []
    figures = [verdict[key] for key in ("offered", "durable", "rejected", "not_sent", "unknown")]
    assert figures == [10, 6, 1, 1, 2]
    assert (verdict["duplicates_reported"], verdict["duplicates_real"]) == (2, 1)


def test_one_run_judges_all_files_and_itself(tmp_path):
    belief, rows = judge.healthy()
    table = written(tmp_path / "table", rows)
    for name in ("one", "two"):
        (tmp_path / f"{name}.json").write_text(json.dumps(belief | {"name": name, "table": str(table)}))
    missing = belief | {"name": "three", "table": str(tmp_path / "no-table")}
    (tmp_path / "three.json").write_text(json.dumps(missing))
    command = [sys.executable, "-B", judge.__file__, str(tmp_path)]
    printed = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert all(printed["controls"].values()), printed["controls"]
    assert printed["verdicts"]["one"]["violations"] == []
    assert printed["verdicts"]["two"]["violations"] == []
    assert printed["verdicts"]["three"]["violations"][0].startswith("I1")
