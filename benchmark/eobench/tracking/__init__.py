"""MLflow, as a listener to the run's lifecycle; a plugin like any other."""

from __future__ import annotations

from eobench.plugin import ListenerCard, hookimpl


@hookimpl
def eobench_listeners() -> list[ListenerCard]:
    """Return the MLflow listener's card; MLflow is imported when the first row is sent."""
    return [
        ListenerCard(
            name="mlflow",
            summary="Sends every cell to MLflow: parameters, metrics, curves, confusion matrix, environment",
            load="eobench.tracking._mlflow:MlflowListener",
            citation="https://mlflow.org",
            licence="Apache-2.0",
        )
    ]
