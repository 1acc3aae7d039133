"""The MLflow listener: a parent run for each `eobench run`, a child run for each cell.

MLflow is imported when the first row is sent; a run with nothing new never imports it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import sys
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eobench import __version__
from eobench.data import EobenchError
from eobench.plugin import CellDone, Listener, RunInfo
from eobench.results import FAILURES
from eobench.tracking._content import Content, content, key
from eobench.tracking._ledger import Ledger
from eobench.tracking._state import SENT, default_uri, switched_off, tracking_uri

BATCH_METRICS, BATCH_PARAMS = 1000, 100
# A server that is away must cost seconds, not MLflow's default of minutes; telemetry needs the user's say.
QUIET = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


class TrackingError(EobenchError):
    """MLflow cannot be reached, or did not take a row. The run goes on."""


class MlflowListener(Listener):
    """Sends rows to MLflow, in the runner's listener thread.

    The server is `MLFLOW_TRACKING_URI`, else an SQLite file in the cache. What was sent is noted in the run's
    folder, so that a later run sends what an earlier one could not. `EOBENCH_TRACKING=off` turns it off.
    """

    def __init__(self) -> None:
        self._info: RunInfo | None = None
        self._uri = ""
        self._ledger: Ledger | None = None
        self._session: _Session | None = None
        self._away = switched_off()

    def run_started(self, info: RunInfo) -> None:
        """Read what was already sent; nothing is imported or opened."""
        self._info = info
        if self._away:
            return
        self._uri = tracking_uri(info.places.cache)
        self._ledger = Ledger(info.folder / "tracked.jsonl", self._uri)

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
            session.send(done)
        except Exception as error:
            self._away = not session.alive()
            if self._away:
                raise self._unreachable(error) from error
            raise TrackingError(f"MLflow at {self._uri} refuses cell {cell[:12]}: {error}") from error
        self._ledger.cell(cell)

    def run_finished(self, status: Mapping[str, int]) -> None:
        """Close the parent run."""
        if self._session is None or self._away:
            return
        try:
            self._session.close(status)
        except Exception as error:
            raise self._unreachable(error) from error

    def _connected(self) -> _Session:
        if self._session is None:
            assert self._info is not None and self._ledger is not None  # noqa: S101, PT018 - run_started came first
            try:
                self._session = _Session(self._uri, self._info, self._ledger)
            except Exception as error:
                self._away = True
                raise self._unreachable(error) from error
        return self._session

    def _unreachable(self, error: Exception) -> TrackingError:
        first = (str(error).partition(" with exception")[0].splitlines() or [type(error).__name__])[0]
        return TrackingError(
            f"MLflow at {self._uri} is not reachable ({first:.200}): nothing more is sent in this run, the next "
            f"one sends what is missing; EOBENCH_TRACKING=off turns tracking off"
        )


class _Session:
    """An open parent run. Uses the client only: the fluent API keeps global state and is not for threads."""

    def __init__(self, uri: str, info: RunInfo, ledger: Ledger) -> None:
        self._client = _client(uri)
        self._experiment = self._experiment_id(uri, info)
        self._ledger = ledger
        for run in sorted(ledger.open_parents):  # of a run that was killed
            with contextlib.suppress(Exception):
                self._client.set_terminated(run, "KILLED")
            ledger.parent(run, "closed")
        tags = {
            "eobench.version": __version__,
            "eobench.cells": str(info.cells),
            "eobench.cached": str(info.cached),
            "eobench.python": sys.version.split()[0],
            "eobench.platform": platform.platform(),
            "mlflow.source.name": "eobench run",
            "mlflow.source.type": "JOB",
        }
        name = f"{info.name} {time.strftime('%Y-%m-%d %H:%M')}"
        self._parent = self._client.create_run(self._experiment, tags=tags, run_name=name).info.run_id
        ledger.parent(self._parent, "open")

    def _experiment_id(self, uri: str, info: RunInfo) -> str:
        found = self._client.get_experiment_by_name(info.name)
        if found is not None:
            if found.lifecycle_stage == "deleted":
                self._client.restore_experiment(found.experiment_id)
            return str(found.experiment_id)
        # Beside our own SQLite file; MLflow's default is a folder in whatever directory the command ran.
        place = (
            (info.places.cache / "mlflow-artifacts" / key(info.name)).as_uri()
            if uri == default_uri(info.places.cache)
            else None
        )
        return str(self._client.create_experiment(info.name, artifact_location=place))

    def alive(self) -> bool:
        """Whether the server still answers."""
        try:
            self._client.get_experiment(self._experiment)
        except Exception:
            return False
        return True

    def send(self, done: CellDone) -> None:
        """Make a child run of a row: all numbers in one batch, then curves, figures, artifacts."""
        from mlflow.entities import Metric, Param, RunTag

        told = content(done.row)
        now = int(time.time() * 1000)
        start = told.start if told.start is not None else now - int(1000 * told.seconds)
        end = start + int(1000 * told.seconds)
        tags = {"mlflow.parentRunId": self._parent, "eobench.cached": str(done.cached).lower()}
        run = self._client.create_run(
            self._experiment, start_time=start, tags=tags, run_name=told.name
        ).info.run_id
        metrics = [Metric(k, v, end, 0) for k, v in told.metrics.items()]
        metrics += [
            Metric(key(f"curve/{name}"), v, end, s) for name, points in done.curves.items() for s, v in points
        ]
        params = [Param(k, v) for k, v in told.params.items()]
        batches = max(-(-len(metrics) // BATCH_METRICS), -(-len(params) // BATCH_PARAMS), 1)
        for k in range(batches):
            self._client.log_batch(
                run,
                metrics[k * BATCH_METRICS : (k + 1) * BATCH_METRICS],
                params[k * BATCH_PARAMS : (k + 1) * BATCH_PARAMS],
                [RunTag(t, v) for t, v in told.tags.items()] if k == 0 else [],
            )
        self._attach(run, told, done.artifacts)
        self._client.set_terminated(run, "FINISHED" if done.row.get("status") == "ok" else "FAILED", end)

    def _attach(self, run: str, told: Content, artifacts: Path | None) -> None:
        from eobench.tracking._figure import confusion_figure

        for name, table in told.tables.items():
            self._client.log_dict(run, {"classes": told.classes, "rows": "true", "counts": table}, f"{name}.json")
            self._client.log_figure(run, confusion_figure(table, told.classes), f"{name}.png")
        if artifacts is not None and artifacts.is_dir():
            self._client.log_artifacts(run, str(artifacts), "artifacts")

    def close(self, status: Mapping[str, int]) -> None:
        """End the parent run with the number of rows of each status."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        counts = [Metric(f"cells/{key(name)}", float(count), now, 0) for name, count in status.items()]
        self._client.log_batch(self._parent, counts)
        bad = sum(status.get(s, 0) for s in FAILURES)
        self._client.set_terminated(self._parent, "FAILED" if bad else "FINISHED", now)
        self._ledger.parent(self._parent, "closed")


def _client(uri: str) -> Any:
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    warnings.filterwarnings("ignore", module=r"mlflow(\.|$)")  # deprecations that its user cannot mend
    for name in ("mlflow", "alembic"):  # after the import: MLflow sets its own level there
        logging.getLogger(name).setLevel(logging.ERROR)
    if uri.startswith("sqlite:///"):
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    return MlflowClient(tracking_uri=uri)
