"""The listener's side of the tracking process."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, cast

from eobench.results import plain
from eobench.tracking._session import Opening

PATIENCE_SECONDS = 5.0


class Child:
    """A `Session` in a process of its own. What fails there is raised here.

    Args:
        opening: as of `Session`.

    Raises:
        ConnectionError: the server does not answer, or the process ended.
    """

    def __init__(self, opening: Opening) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process; it has no name
        paths = os.pathsep.join(p for p in sys.path if p)
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from eobench.tracking._serve import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "PYTHONPATH": paths},
            start_new_session=True,  # Ctrl-C is the run's; it decides when tracking ends
        )
        try:
            self.parent = str(self._ask("open", opening=asdict(opening))["parent"])
        except BaseException:
            self.end()
            raise

    def send(
        self,
        row: Mapping[str, Any],
        curves: Mapping[str, Sequence[Sequence[float]]],
        artifacts: Path | None,
        *,
        cached: bool,
    ) -> None:
        """Make a child run of a row; see `Session.send`."""
        folder = None if artifacts is None else str(artifacts.absolute())
        self._ask("send", row=plain(row), curves=plain(curves), artifacts=folder, cached=cached)

    def alive(self) -> bool:
        """Whether the server still answers."""
        try:
            return bool(self._ask("alive")["alive"])
        except ConnectionError:
            return False

    def close(self, status: Mapping[str, int]) -> None:
        """End the parent run, then the process."""
        try:
            self._ask("close", status=dict(status))
        finally:
            self.end()

    def end(self) -> None:
        """End the process without a word to the server."""
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                cast("IO[bytes]", stream).close()
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def _ask(self, what: str, **told: Any) -> Mapping[str, Any]:
        requests, answers = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)
        try:
            requests.write(json.dumps({"do": what, **told}, separators=(",", ":")).encode() + b"\n")
            requests.flush()
            line = answers.readline()
        except (OSError, ValueError) as error:
            raise ConnectionError(f"the tracking process is gone{self._last_words()}") from error
        if not line:
            raise ConnectionError(f"the tracking process ended{self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ConnectionError(answer["error"])
        return answer

    def _last_words(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").strip().splitlines()
            return f": {lines[-1]}" if lines else ""
        return ""
