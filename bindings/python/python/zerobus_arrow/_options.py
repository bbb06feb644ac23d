"""The options of the engines (Spark, Ray): names and texts that become the keywords of a client."""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Required

from . import _native, errors
from ._client import AllOptions
from ._settings import Path

#: How many rejected rows come from a task to the driver if nobody says otherwise.
KEEP_REJECTED = 100


class EngineOptions(AllOptions, total=False):
    """All keywords of a client, and what a distributed write has besides.

    ``stamp_rows`` sends ``_zb_run``, ``_zb_part`` and ``_zb_seq``, which are the same when a task is
    tried again. The columns of the same option of a client are not, and are not sent.
    """

    #: The table, as ``catalog.schema.table``.
    table: Required[str]
    #: The JSON file (``….json``) or the directory of reports, on the machine of the driver.
    report: Path
    #: A directory that all machines share, in which each attempt at a task leaves an empty file. With it,
    #: attempts are counted that the engine does not tell of.
    journal: Path
    #: The name of this write in reports and in ``_zb_run``. A random one.
    run_id: str
    #: Whether the write fails when a row is rejected. It is told at the end: the other rows are stored.
    fail_on_rejected: bool
    #: Whether the driver asks the catalog for the table before anything is sent. Yes.
    check_table: bool


_HINTS = typing.get_type_hints(EngineOptions)
_OWN = ("table", "report", "journal", "run_id", "fail_on_rejected", "check_table", "stamp_rows")
_RUN = re.compile(r"[A-Za-z0-9._-]{1,200}")
_TABLE = re.compile(r"[^.\s/]+\.[^.\s/]+\.[^.\s/]+")


@dataclasses.dataclass(frozen=True, repr=False)
class Settings:
    """The options of a write, read and checked. Goes to the tasks, secrets included."""

    table: str
    #: The keywords of the client of a task.
    client: dict[str, Any]
    report: str | None = None
    journal: str | None = None
    run_id: str | None = None
    fail_on_rejected: bool = False
    check_table: bool = True
    stamp_rows: bool = False

    def __repr__(self) -> str:
        return f"<options of a write to {self.table}: {', '.join(sorted(self.client)) or 'none'}>"

    def connection(self) -> dict[str, Any]:
        """The keywords of a client that only looks something up: nothing of it is written anywhere."""
        beside = ("quarantine", "debug_", "telemetry")
        return {k: v for k, v in self.client.items() if not k.startswith(beside)}

    def for_task(self, place: str) -> dict[str, Any]:
        """The keywords of a task's client. What it writes goes below ``place``, since several processes
        may share a directory."""
        chosen = dict(self.client)
        for name in ("quarantine", "debug_dir", "telemetry_dir"):
            if chosen.get(name) is not None:
                chosen[name] = os.path.join(chosen[name], place)
        return chosen


def read(given: Mapping[str, Any], *, camel: bool = False) -> Settings:
    """The settings in ``given``, whose names may be spelt ``like_this`` or ``likeThis``, in any case, and
    whose values may be texts. ``camel`` is how messages spell them.

    Raises :class:`~zerobus_arrow.errors.ConfigurationError` without any value that may be secret.
    """
    chosen: dict[str, Any] = {}
    for spelt, value in given.items():
        name = _name(spelt, camel)
        if name in chosen:
            raise errors.ConfigurationError(f"option {_spell(name, camel)!r} is given twice")
        if value is not None:
            chosen[name] = _value(name, _spell(name, camel), value)
    table = chosen.get("table")
    if table is None:
        raise errors.ConfigurationError("option 'table' is missing: the table to write to")
    if not _TABLE.fullmatch(table):
        raise errors.ConfigurationError(f"table is catalog.schema.table, not {table!r}")
    run = chosen.get("run_id")
    if run is not None and not _RUN.fullmatch(run):
        raise errors.ConfigurationError(
            f"{_spell('run_id', camel)} has letters, digits, '.', '_' and '-', not {run!r}"
        )
    own = {name: chosen.pop(name) for name in _OWN if name in chosen}
    chosen.setdefault("keep_rejected", KEEP_REJECTED)
    return Settings(client=chosen, **own)


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


_NAMES = {_plain(name): name for name in _HINTS}


def _name(spelt: str, camel: bool) -> str:
    try:
        return _NAMES[_plain(spelt)]
    except KeyError:
        near = difflib.get_close_matches(_plain(spelt), _NAMES, n=1)
        hint = f"; did you mean {_spell(_NAMES[near[0]], camel)!r}?" if near else ""
        raise errors.ConfigurationError(f"there is no option {spelt!r}{hint}") from None


def _spell(name: str, camel: bool) -> str:
    if not camel:
        return name
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


#: The settings of the native half, which reads them from texts and knows what they may be.
_SETTINGS = frozenset(name for name, *_ in _native.settings()) - frozenset(_OWN)


def _value(name: str, spelt: str, value: Any) -> Any:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if name in _SETTINGS:
        wrong = _native.misfit(name, value)
        if wrong:
            raise errors.ConfigurationError(f"{spelt} is {wrong}")
        return value
    return _read(spelt, _HINTS[name], value) if isinstance(value, str) else value


def _read(spelt: str, hint: Any, text: str) -> Any:
    """The value of an option that is no setting."""
    boolean = _BOOLEANS.get(text.strip().lower())
    if hint is bool:
        if boolean is None:
            raise errors.ConfigurationError(f"{spelt}: {text!r} is neither true nor false")
        return boolean
    if hint is int:
        if not text.strip().isdecimal():
            raise errors.ConfigurationError(f"{spelt}: {text!r} is no whole number")
        return int(text)
    if typing.get_origin(hint) is Callable:
        raise errors.ConfigurationError(f"{spelt} is a function; it cannot be given as text")
    if isinstance(hint, types.UnionType) and bool in typing.get_args(hint) and boolean is not None:
        return boolean
    return text


_BOOLEANS = {"true": True, "false": False}
