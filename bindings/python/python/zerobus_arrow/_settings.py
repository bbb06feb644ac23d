"""The keywords of clients and senders, and how they are handed to the native half."""

from __future__ import annotations

import datetime
import difflib
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypedDict

from . import errors

#: Seconds, or a ``timedelta``.
Seconds = float | datetime.timedelta
#: The same, or a text such as ``"500ms"``.
Time = Seconds | str
Path = str | os.PathLike[str]


class Connection(TypedDict, total=False):
    """Where the endpoint is and who we are there.

    What is given here wins over what is found in ``config_file``, that over ``profile``, that over the
    environment.
    """

    #: The Zerobus endpoint, such as ``https://1234567890.zerobus.us-west-2.cloud.databricks.com``.
    endpoint: str
    #: The workspace, such as ``https://dbc-a1b2c3d4-e5f6.cloud.databricks.com``.
    host: str
    #: The id of the service principal.
    client_id: str
    #: Its OAuth secret.
    client_secret: str
    #: The file with the token of an identity provider that the workspace trusts.
    oidc_token_file: Path
    #: A function that gives tokens, instead of credentials: it is called with the name of the table, or
    #: ``None`` for a token of the workspace, and gives the token or ``(token, seconds it lives)``.
    token: Callable[[str | None], str | tuple[str, float]]
    #: A TOML file with settings, each under the name of its keyword.
    config_file: Path
    #: A profile of ``~/.databrickscfg``.
    profile: str
    #: Whether to look in the environment.
    environment: bool
    #: Whether tokens and rows may go to ``http`` addresses of other machines, in clear text.
    allow_plaintext: bool


class SenderOptions(TypedDict, total=False):
    """How rows are sent."""

    #: The name of the program, for the service's logs.
    application: str
    #: How many encoded bytes may be in flight; handing in waits then. 16 MiB. Sizes may be texts, such as
    #: ``"64MiB"``.
    max_in_flight_bytes: int | str
    #: How large a request may become, at most 10,420,224 bytes. 2 MiB.
    request_bytes: int | str
    #: How many rows a request may carry. 32,768.
    request_rows: int
    #: How long one attempt to connect may take. 30 seconds.
    connect_timeout: Time
    #: How long to wait for any answer until a connection is taken for lost. 60 seconds.
    ack_timeout: Time
    #: How many attempts to connect there are without an acknowledgement.
    max_attempts: int
    #: How long attempts to connect go on without an acknowledgement.
    give_up_after: Time
    #: The ceiling of the first wait between attempts; full jitter is taken below it.
    retry_base: Time
    #: The ceiling of all waits.
    retry_cap: Time
    #: How often rows that the service refuses are halved to find the bad ones among them. 10,000.
    max_probes: int
    #: In which form rows travel: ``"protobuf"`` (by default), or ``"flight"`` for Arrow Flight.
    transport: str
    #: How many streams share the requests, from 1 to 64. More than one gives up the order of rows.
    streams: int
    #: Whether the columns ``_zb_batch`` and ``_zb_row`` are sent, by which a MERGE finds duplicates.
    stamp_rows: bool
    #: Whether timestamps finer than microseconds are a reason to ``"reject"`` a row or ``"truncate"``.
    sub_microseconds: str


class ClientOptions(SenderOptions, total=False):
    """How rows are sent, and what is kept beside them."""

    #: Whether rows are made to fit the columns that Unity Catalog has of a table: ``"when_readable"`` (by
    #: default), ``"required"`` or ``"off"``.
    fit: str
    #: The directory for rejected rows, in Arrow files with their reasons.
    quarantine: Path
    #: The directory for mirrors of what was handed in and what was sent.
    debug_dir: Path
    #: ``"arrow"`` or ``"proto"``, for one kind of mirror alone.
    debug_only: str
    #: How large a file of a mirror may become. 100 MiB.
    debug_file_bytes: int | str
    #: How many files of a mirror are kept of each table.
    debug_keep_files: int
    #: Columns that mirrors show as hashes; a text is split at commas.
    debug_hash: Iterable[str]
    #: Columns that mirrors show as nulls.
    debug_null: Iterable[str]
    #: ``"drop"`` (and count), or ``"block"``, when a mirror cannot keep up.
    debug_when_full: str
    #: The URL of an OpenTelemetry collector, or ``True`` for the one in ``OTEL_EXPORTER_OTLP_ENDPOINT``.
    telemetry: str | bool
    #: The directory for the same metrics and spans in Arrow files.
    telemetry_dir: Path
    #: How many rejected rows a receipt holds at most; more are counted. 100,000.
    keep_rejected: int


#: How many rejected rows a receipt holds if nobody says otherwise.
KEEP_REJECTED = 100_000

#: Keywords that say where settings are, or bring tokens.
_PLACES = ("environment", "profile", "config_file", "token")
#: Keywords of this package alone. All others are settings that every way of using zb has.
_OWN = ("telemetry", "telemetry_dir", "keep_rejected")


def check(given: Mapping[str, Any], *kinds: type) -> None:
    """Refuses unknown keywords, with the nearest that there is."""
    known = [name for kind in kinds for name in kind.__annotations__]
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"there is no option {name!r}{hint}")


def places(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given.get(name) for name in _PLACES}


def keywords(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in ``given``, which the native half knows and checks."""
    chosen = {name: value for name, value in given.items() if name not in _PLACES + _OWN}
    for columns in ("debug_hash", "debug_null"):
        names = chosen.get(columns)
        if names is not None and not isinstance(names, str):
            chosen[columns] = list(names)
    return chosen


def telemetry(given: Mapping[str, Any]) -> dict[str, Any] | None:
    where, directory = given.get("telemetry"), given.get("telemetry_dir")
    if not where and directory is None:
        return None
    return {
        "collector": bool(where),
        "endpoint": where if isinstance(where, str) else None,
        "directory": directory,
    }


def keep_rejected(given: Mapping[str, Any]) -> int:
    rows = given.get("keep_rejected", KEEP_REJECTED)
    if rows < 0:
        raise errors.ConfigurationError(f"keep_rejected is a number of rows, not {rows}")
    return int(rows)


def duration(name: str, value: Seconds) -> datetime.timedelta:
    if isinstance(value, datetime.timedelta):
        found = value
    else:
        try:
            found = datetime.timedelta(seconds=value)
        except (OverflowError, ValueError) as error:
            raise errors.ConfigurationError(f"{name}: {value} is no time: {error}") from None
    if found < datetime.timedelta(0):
        raise errors.ConfigurationError(f"{name}: {value} is in the past")
    return found
