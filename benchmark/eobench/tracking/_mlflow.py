"""The MLflow listener: a parent run for each `eobench run`, a child run for each cell.

MLflow lives in a process of its own, started where cells are to run; a run with nothing new never starts it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from eobench.data import EobenchError
from eobench.plugin import CellDone, Listener, RunInfo
from eobench.tracking._child import Child
from eobench.tracking._content import key
from eobench.tracking._ledger import Ledger
from eobench.tracking._session import Opening
from eobench.tracking._state import SENT, default_uri, switched_off, tracking_uri


class TrackingError(EobenchError):
    """MLflow cannot be reached, or did not take a row. The run goes on."""


class Connection(Protocol):
    """An open parent run: `Child`, or in tests `Session`."""

    parent: str

    def send(
        self,
        row: Mapping[str, Any],
        curves: Mapping[str, Sequence[Sequence[float]]],
        artifacts: Path | None,
        *,
        cached: bool,
    ) -> None:
        """Make a child run of a row."""

    def alive(self) -> bool:
        """Whether the server still answers."""

    def close(self, status: Mapping[str, int]) -> None:
        """End the parent run."""

    def end(self) -> None:
        """Release what is held, without a word to the server."""


class MlflowListener(Listener):
    """Sends rows to MLflow, in the runner's listener thread.

    The server is `MLFLOW_TRACKING_URI`, else an SQLite file in the cache. What was sent is noted in the run's
    folder, so that a later run sends what an earlier one could not. `EOBENCH_TRACKING=off` turns it off.

    Args:
        connect: opens a parent run.
    """

    def __init__(self, connect: Callable[[Opening], Connection] = Child) -> None:
        self._connect = connect
        self._info: RunInfo | None = None
        self._uri = ""
        self._ledger: Ledger | None = None
        self._session: Connection | None = None
        self._away = switched_off()

    def run_started(self, info: RunInfo) -> None:
        """Read what was already sent. Where cells are to run, open the parent run meanwhile.

        Raises:
            TrackingError: the server is away; nothing more is tried in this run.
        """
        self._info = info
        if self._away:
            return
        self._uri = tracking_uri(info.places.cache)
        self._ledger = Ledger(info.folder / "tracked.jsonl", self._uri)
        if info.cells > info.cached:
            self._connected()

    def cell_finished(self, done: CellDone) -> None:
        """Send a row, unless it was finished earlier and already sent.

        Raises:
            TrackingError: the server is away (nothing more is tried in this run) or refuses the row.
        """
        cell = str(done.row.get("cell"))
        if self._away or self._ledger is None or done.row.get("status") not in SENT:
            return
        if done.cached and cell in self._ledger.cells:
            return
        session = self._connected()
        try:
            session.send(done.row, dict(done.curves), done.artifacts, cached=done.cached)
        except Exception as error:
            self._away = not session.alive()
            if self._away:
                raise self._unreachable(error) from error
            raise TrackingError(f"MLflow at {self._uri} refuses cell {cell[:12]}: {error}") from error
        self._ledger.cell(cell)

    def run_finished(self, status: Mapping[str, int]) -> None:
        """Close the parent run."""
        if self._session is None or self._ledger is None:
            return
        if self._away:
            self._session.end()
            return
        try:
            self._session.close(status)
        except Exception as error:
            raise self._unreachable(error) from error
        self._ledger.parent(self._session.parent, "closed")

    def _connected(self) -> Connection:
        if self._session is None:
            assert self._info is not None and self._ledger is not None  # noqa: S101, PT018 - run_started came first
            stale = sorted(self._ledger.open_parents)  # of runs that were killed
            try:
                self._session = self._connect(self._opening(self._info, stale))
            except Exception as error:
                self._away = True
                raise self._unreachable(error) from error
            for run in stale:
                self._ledger.parent(run, "closed")
            self._ledger.parent(self._session.parent, "open")
        return self._session

    def _opening(self, info: RunInfo, stale: Sequence[str]) -> Opening:
        # Beside our own SQLite file; MLflow's default is a folder in whatever directory the command ran.
        ours = self._uri == default_uri(info.places.cache)
        folder = (info.places.cache / "mlflow-artifacts" / key(info.name)).absolute()
        return Opening(self._uri, info.name, info.cells, info.cached, folder.as_uri() if ours else None, stale)

    def _unreachable(self, error: Exception) -> TrackingError:
        first = (str(error).partition(" with exception")[0].splitlines() or [type(error).__name__])[0]
        return TrackingError(
            f"MLflow at {self._uri} is not reachable ({first:.200}): nothing more is sent in this run, the next "
            f"one sends what is missing; EOBENCH_TRACKING=off turns tracking off"
        )
