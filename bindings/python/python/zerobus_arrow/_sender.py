"""What a sender is, whether it blocks or is awaited."""

from __future__ import annotations

from . import _native
from ._sending import Sending


class Base(Sending[_native.Sender]):
    """What both kinds of sender have in common."""

    def __init__(self, sender: _native.Sender, keep_rejected: int) -> None:
        self._native = sender
        self._keep_rejected = keep_rejected

    @property
    def table(self) -> str:
        """The table that is sent to."""
        return self._native.table

    @property
    def in_flight(self) -> int:
        """How many requests are on their way."""
        return self._native.in_flight
