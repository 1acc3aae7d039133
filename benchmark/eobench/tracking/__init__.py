"""MLflow, as a listener to the run's lifecycle; a plugin like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eobench._lazy import lazy
from eobench.plugin import ListenerCard, hookimpl

if TYPE_CHECKING:
    from eobench.tracking._state import backlog, switched_off, tracking_uri

__all__ = ["backlog", "eobench_listeners", "switched_off", "tracking_uri"]

__getattr__ = lazy(__name__, dict.fromkeys(("backlog", "switched_off", "tracking_uri"), "_state"))


@hookimpl
def eobench_listeners() -> list[ListenerCard]:
    """Return the MLflow listener's card; MLflow is imported in a process of its own."""
    return [
        ListenerCard(
            name="mlflow",
            summary="Sends every cell to MLflow: parameters, metrics, curves, confusion matrix, environment",
            load="eobench.tracking._mlflow:MlflowListener",
            citation="https://mlflow.org",
            licence="Apache-2.0",
        )
    ]
