"""The notebooks of the documentation run from their first cell to their last."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[3] / "docs/guides/notebooks"


@pytest.mark.parametrize("notebook", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_cell_runs(notebook: Path) -> None:
    cells = json.loads(notebook.read_text())["cells"]
    names: dict[str, object] = {}

    async def run() -> None:
        for number, cell in enumerate(cells):
            if cell["cell_type"] != "code":
                continue
            # Jupyter lets a cell await; the last line, which it would show, is computed as well.
            source = compile(
                "".join(cell["source"]),
                f"{notebook.name}, cell {number}",
                "exec",
                flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
            )
            pending = eval(source, names)
            if inspect.isawaitable(pending):
                await pending

    asyncio.run(run())
    assert names["receipt"].durable == 3  # type: ignore[attr-defined]
