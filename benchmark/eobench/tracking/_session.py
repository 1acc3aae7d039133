"""An open parent run of MLflow; the only module that talks to MLflow, in a process of its own (`_serve`)."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import platform
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eobench import __version__
from eobench.results import FAILURES
from eobench.tracking._content import Content, content, key

BATCH_METRICS, BATCH_PARAMS = 1000, 100
# A server that is away must cost seconds, not MLflow's default of minutes; telemetry needs the user's say.
QUIET = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


@dataclass(frozen=True, slots=True)
class Opening:
    """What a session is opened with; plain values, since it crosses a pipe.

    Attributes:
        uri: of the tracking server.
        name: of the run, and of the experiment.
        cells: of the plan.
        cached: of them, those that were finished before.
        artifacts: URI of the folder of a new experiment's artifacts; None: the server's own choice.
        stale: parent runs of earlier runs that were killed.
    """

    uri: str
    name: str
    cells: int
    cached: int
    artifacts: str | None
    stale: Sequence[str] = ()


class Session:
    """A parent run, to which rows are sent. Uses the client only: the fluent API keeps global state."""

    def __init__(self, opening: Opening) -> None:
        self._client = _client(opening.uri)
        self._experiment = self._experiment_id(opening)
        for run in opening.stale:
            with contextlib.suppress(Exception):
                self._client.set_terminated(run, "KILLED")
        tags = {
            "eobench.version": __version__,
            "eobench.cells": str(opening.cells),
            "eobench.cached": str(opening.cached),
            "eobench.python": sys.version.split()[0],
            "eobench.platform": platform.platform(),
            "mlflow.source.name": "eobench run",
            "mlflow.source.type": "JOB",
        }
        name = f"{opening.name} {time.strftime('%Y-%m-%d %H:%M')}"
        self.parent: str = self._client.create_run(self._experiment, tags=tags, run_name=name).info.run_id

    def _experiment_id(self, opening: Opening) -> str:
        found = self._client.get_experiment_by_name(opening.name)
        if found is None:
            return str(self._client.create_experiment(opening.name, artifact_location=opening.artifacts))
        if found.lifecycle_stage == "deleted":
            self._client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)

    def alive(self) -> bool:
        """Whether the server still answers."""
        try:
            self._client.get_experiment(self._experiment)
        except Exception:
            return False
        return True

    def send(
        self,
        row: Mapping[str, Any],
        curves: Mapping[str, Sequence[Sequence[float]]],
        artifacts: Path | None,
        *,
        cached: bool,
    ) -> None:
        """Make a child run of a row: all numbers in one batch, then all files at once.

        Args:
            row: by column name.
            curves: name -> [(step, value), ...].
            artifacts: the cell's folder.
            cached: True where the cell was finished in an earlier run.
        """
        from mlflow.entities import Metric, Param, RunTag

        told = content(row)
        now = int(time.time() * 1000)
        start = told.start if told.start is not None else now - int(1000 * told.seconds)
        end = start + int(1000 * told.seconds)
        tags = {"mlflow.parentRunId": self.parent, "eobench.cached": str(cached).lower()}
        made = self._client.create_run(self._experiment, start_time=start, tags=tags, run_name=told.name)
        run = made.info.run_id
        metrics = [Metric(k, v, end, 0) for k, v in told.metrics.items()]
        metrics += [
            Metric(key(f"curve/{name}"), float(v), end, int(s))
            for name, points in curves.items()
            for s, v in points
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
        self._attach(run, told, artifacts)
        self._client.set_terminated(run, "FINISHED" if row.get("status") == "ok" else "FAILED", end)

    def _attach(self, run: str, told: Content, artifacts: Path | None) -> None:
        if told.tables:
            with tempfile.TemporaryDirectory(prefix="eobench-") as folder:
                _write_tables(Path(folder), told)
                self._client.log_artifacts(run, folder)
        if artifacts is not None and artifacts.is_dir():
            self._client.log_artifacts(run, str(artifacts), "artifacts")

    def close(self, status: Mapping[str, int]) -> None:
        """End the parent run with the number of rows of each status."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        counts = [Metric(f"cells/{key(name)}", float(count), now, 0) for name, count in status.items()]
        self._client.log_batch(self.parent, counts)
        bad = sum(status.get(s, 0) for s in FAILURES)
        self._client.set_terminated(self.parent, "FAILED" if bad else "FINISHED", now)

    def end(self) -> None:
        """Nothing is held."""


def _write_tables(folder: Path, told: Content) -> None:
    from eobench.tracking._figure import confusion_svg

    for name, table in told.tables.items():
        thing = {"classes": told.classes, "rows": "true", "counts": table}
        for suffix, text in (("json", json.dumps(thing)), ("svg", confusion_svg(table, told.classes))):
            path = folder / f"{name}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def _client(uri: str) -> Any:
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    warnings.filterwarnings("ignore", module=r"mlflow(\.|$)")  # deprecations that its user cannot mend
    for name in ("mlflow", "alembic"):  # after the import: MLflow sets its own level there
        logging.getLogger(name).setLevel(logging.ERROR)
    if uri.startswith("sqlite:///"):
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        _write_ahead()
    return MlflowClient(tracking_uri=uri)


def _write_ahead() -> None:
    """SQLite appends to a log instead of syncing two files a transaction: `mlflow ui` can read meanwhile.

    A power cut may cost the last rows in MLflow, never the file; the journal has them.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    @event.listens_for(Engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
