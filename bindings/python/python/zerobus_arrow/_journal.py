"""The attempts at a write that have begun, as empty files in a directory that all machines share.

Engines number the attempts at a task, but not all of them: a stage of Spark that is run anew counts from
0, and so does a micro-batch after the driver has died. What has left a file here is not forgotten.
"""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path

from . import errors
from ._report import Task


class Attempt:
    """An attempt at a part of a write, which has begun."""

    def __init__(self, directory: str | None, task: Task) -> None:
        self._place: Path | None = None
        self._name = uuid.uuid4().hex
        if directory is None:
            return
        self._place = Path(directory, task.run, f"part-{task.part:05}")
        try:
            self._place.mkdir(parents=True, exist_ok=True)
            (self._place / self._name).touch(exist_ok=False)
        except OSError as error:
            # Nothing is sent yet, so nothing is lost by it.
            raise errors.FilesError(f"the journal of attempts cannot be written: {error}") from error

    def is_alone(self) -> bool:
        """Whether no other attempt at the same part has begun so far."""
        if self._place is None:
            return True
        try:
            return os.listdir(self._place) == [self._name]
        except OSError:
            return False


def forget(directory: str | None, run: str) -> None:
    """Removes what is known of a write that will not be tried again."""
    if directory is not None:
        shutil.rmtree(Path(directory, run), ignore_errors=True)
