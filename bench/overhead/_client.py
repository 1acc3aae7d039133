"""MLflow's own client, logging rows that another harness wrote; a script, and the only user of MLflow here.

python _client.py ROWS.json FOLDER same|numbers|fluent
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}
Rows = list[dict[str, Any]]


def batched(rows: Rows, uri: str, *, figures: bool) -> None:
    """Log with as few calls as the client has: create, one batch, (artifacts,) terminate."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag

    client = MlflowClient(tracking_uri=uri)
    experiment = client.create_experiment("overhead", artifact_location=Path("artifacts").resolve().as_uri())
    parent = client.create_run(experiment, run_name="overhead").info.run_id
    for row in rows:
        start = row["start"] or int(time.time() * 1000)
        end = start + int(1000 * row["seconds"])
        tags = {"mlflow.parentRunId": parent}
        run = client.create_run(experiment, start_time=start, tags=tags, run_name=row["name"]).info.run_id
        metrics = [Metric(k, v, end, 0) for k, v in row["metrics"].items()]
        params = [Param(k, v) for k, v in row["params"].items()]
        client.log_batch(run, metrics, params, [RunTag(k, v) for k, v in row["tags"].items()])
        for name, counts in row["tables"].items() if figures else ():
            client.log_dict(run, {"classes": row["classes"], "rows": "true", "counts": counts}, f"{name}.json")
            client.log_text(run, figure(counts, row["classes"]), f"{name}.svg")
        client.set_terminated(run, "FINISHED", end)
    client.set_terminated(parent, "FINISHED")


def fluent(rows: Rows, uri: str) -> None:
    """Log as MLflow's tutorials do."""
    import mlflow

    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("overhead")
    with mlflow.start_run(run_name="overhead"):
        for row in rows:
            with mlflow.start_run(run_name=row["name"], nested=True):
                mlflow.log_params(row["params"])
                mlflow.log_metrics(row["metrics"])
                mlflow.set_tags(row["tags"])


def figure(counts: list[list[int]], classes: list[str]) -> str:
    """Draw a confusion matrix, as the listener does: the cheapest that there is."""
    from eobench.tracking._figure import confusion_svg

    return confusion_svg(counts, classes)


def main() -> None:
    """Log all rows of a file into a new SQLite database."""
    rows, folder, variant = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]), sys.argv[3]
    warnings.simplefilter("ignore")
    uri = f"sqlite:///{(folder / 'mlflow.db').resolve()}"
    import mlflow

    assert mlflow.__version__
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if variant == "fluent":
        fluent(rows, uri)
    else:
        batched(rows, uri, figures=variant == "same")


if __name__ == "__main__":
    main()
