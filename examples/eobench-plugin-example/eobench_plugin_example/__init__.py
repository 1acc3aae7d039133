"""Nearest shrunken centroids as a plugin. Light: a card and a hook; the rest is imported when a cell runs."""

from typing import Final

from eobench.plugin import MethodCard, Param, hookimpl

__all__: Final = ["eobench_methods"]


@hookimpl
def eobench_methods() -> list[MethodCard]:
    """Return `shrunken-centroids`."""
    return [
        MethodCard(
            name="shrunken-centroids",
            summary="nearest class mean whose uninformative (band, step) features are shrunk away",
            load="eobench_plugin_example._method:ShrunkenCentroids",
            citation=(
                "Tibshirani, Hastie, Narasimhan, Chu: Diagnosis of multiple cancer types by shrunken centroids of "
                "gene expression. PNAS 99, 2002"
            ),
            levels=("full", "few"),
            targets=("class", "dense"),
            outputs=("classes", "probabilities"),
            params=(
                Param(
                    "threshold",
                    None,
                    "how far class means are shrunk, in standard errors; null: chosen on the validation rows",
                    kind=float,
                    minimum=0,
                ),
                Param(
                    "prior",
                    "labels",
                    "shares of the classes: those of the labels, or all equal",
                    choices=("labels", "equal"),
                ),
                Param("fill", "linear", "how gaps of the series are filled", choices=("linear", "gaussian")),
            ),
        )
    ]
