"""A local endpoint for tests, and the fixture ``zerobus`` of pytest.

>>> import pyarrow as pa
>>> def test_readings_are_stored(zerobus):
...     zerobus.client.send("main.default.readings", pa.table({"celsius": [21.5, 19.0]}))
...     assert zerobus.rows("main.default.readings").num_rows == 2

pytest finds the fixture by itself where the package is installed. Without pytest:

>>> with LocalZerobus() as zerobus:
...     test_readings_are_stored(zerobus)
"""

from __future__ import annotations

import os
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

from . import _settings
from ._client import Client
from ._settings import ClientOptions

if TYPE_CHECKING:
    import pyarrow as pa

try:
    import pytest
except ImportError:
    # It serves without, too.
    pytest = None  # type: ignore[assignment]

__all__ = ["LocalZerobus"]


class LocalZerobus:
    """An endpoint inside this process, with a client of it and the tables that it keeps.

    Without ``dir``, the tables are in a temporary directory that :meth:`close` removes. ``faults`` is the
    path of a fault script, or its text, which has a ``[[fault]]`` in it: what goes wrong on purpose. Other
    keywords are those of :meth:`zerobus_arrow.Client.local`.

    Other processes of this machine, and other clients, reach it by :attr:`endpoint`,
    :attr:`unity_catalog_url`, :attr:`client_id` and :attr:`client_secret`, as long as it is not closed.
    """

    #: A client of the endpoint.
    client: Client
    #: Where the tables are, as ``DIR/catalog/schema/table``.
    dir: Path
    #: The URL of the Zerobus endpoint, on the loopback.
    endpoint: str
    #: The URL of the workspace: of its token endpoint and of Unity Catalog.
    unity_catalog_url: str
    #: The id of the client that it knows.
    client_id: str
    #: The secret of that client.
    client_secret: str

    def __init__(
        self,
        dir: str | os.PathLike[str] | None = None,
        *,
        faults: str | os.PathLike[str] = "",
        **options: Unpack[ClientOptions],
    ) -> None:
        script = _script(faults)
        self._temporary = tempfile.TemporaryDirectory(prefix="zerobus-") if dir is None else None
        self.dir = Path(self._temporary.name if dir is None and self._temporary else dir or "")
        _settings.check(options, ClientOptions)
        try:
            self.client = Client._at((self.dir, script), options)
        except BaseException:
            self._remove()
            raise
        address = self.client._native.local_address()
        assert address is not None, "it is in this process"
        self.endpoint, self.unity_catalog_url, self.client_id, self.client_secret = address

    def environment(self) -> dict[str, str]:
        """The variables by which clients in other processes find it, such as
        ``zerobus_arrow.Client.from_env()`` and ``zb send``."""
        return {
            "ZEROBUS_SERVER_ENDPOINT": self.endpoint,
            "DATABRICKS_HOST": self.unity_catalog_url,
            "DATABRICKS_CLIENT_ID": self.client_id,
            "DATABRICKS_CLIENT_SECRET": self.client_secret,
        }

    def create(self, table: str, schema: Any) -> None:
        """Makes the table ``catalog.schema.table`` with the columns of an Arrow schema. :attr:`client`
        makes those that are missing by itself; other clients find a table or are refused."""
        self.client.sender(table, schema).close()

    def rows(self, table: str) -> pa.Table:
        """The rows of ``catalog.schema.table``, read from the Delta table by the package ``deltalake``.

        Rows are there once a receipt says that they are durable.
        """
        try:
            import deltalake
        except ImportError as error:
            raise ImportError("rows are read by deltalake: pip install deltalake pyarrow") from error
        found: Any = deltalake.DeltaTable(self.path(table))
        rows: pa.Table = found.to_pyarrow_table()
        return rows

    def path(self, table: str) -> Path:
        """Where the Delta table ``catalog.schema.table`` is, for any reader of such."""
        return self.dir.joinpath(*table.split("."))

    def tables(self) -> list[str]:
        """The names of the tables that there are."""
        logs = self.dir.glob("*/*/*/_delta_log")
        return sorted(".".join(log.parent.relative_to(self.dir).parts) for log in logs)

    def close(self) -> None:
        """Waits for what is in flight, and ends the client and the endpoint."""
        try:
            self.client.close()
        finally:
            self._remove()

    def _remove(self) -> None:
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<LocalZerobus in {self.dir}>"


def _script(faults: str | os.PathLike[str]) -> str:
    """The text of a fault script that is given as such or as a path."""
    if isinstance(faults, str) and (not faults or "[[" in faults):
        return faults
    return Path(faults).read_text(encoding="utf-8")


if pytest is not None:

    @pytest.fixture
    def zerobus(tmp_path: Path) -> Iterator[LocalZerobus]:
        """A local endpoint of Zerobus for this test alone, with its tables below ``tmp_path``."""
        with LocalZerobus(tmp_path / "zerobus") as local:
            yield local
