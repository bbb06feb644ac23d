"""Apache Arrow in, Databricks Delta out, through Zerobus Ingest.

>>> import pyarrow as pa, tempfile, zerobus_arrow as za
>>> lake = tempfile.mkdtemp()
>>> with za.Client.local(lake) as client:  # or za.Client.from_env()
...     receipt = client.send("main.default.readings", pa.table({"celsius": [21.5, 19.0]}))
>>> receipt.is_all_durable
True

Anything is sent that speaks the Arrow C interface: pyarrow, polars, pandas, DuckDB and others. A receipt says
of every row whether it is durable, rejected and why, not sent, or unknown.
"""

from __future__ import annotations

import logging

from . import errors, schema
from ._aio import AsyncClient, AsyncSender, AsyncTicket
from ._client import Client, Sender, Ticket
from ._native import __version__
from ._progress import Progress
from ._receipt import Receipt
from .errors import (
    AuthenticationError,
    ClosedError,
    ConfigurationError,
    ConnectionFailedError,
    FilesError,
    ForkError,
    InternalError,
    LocalEndpointError,
    PermissionDeniedError,
    RefusedError,
    RejectedRowsError,
    SchemaError,
    TableNotFoundError,
    WaitTimeoutError,
    ZerobusError,
)

__all__ = [
    "AsyncClient",
    "AsyncSender",
    "AsyncTicket",
    "AuthenticationError",
    "Client",
    "ClosedError",
    "ConfigurationError",
    "ConnectionFailedError",
    "FilesError",
    "ForkError",
    "InternalError",
    "LocalEndpointError",
    "PermissionDeniedError",
    "Progress",
    "Receipt",
    "RefusedError",
    "RejectedRowsError",
    "SchemaError",
    "Sender",
    "TableNotFoundError",
    "Ticket",
    "WaitTimeoutError",
    "ZerobusError",
    "__version__",
    "errors",
    "schema",
]

# Who wants the log lines says so; a library prints none by itself.
logging.getLogger("zerobus_arrow").addHandler(logging.NullHandler())
