"""What looks wrong on a board."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from eobench.leaderboard._format import models, texts


@dataclass(frozen=True, slots=True)
class IdenticalPredictions:
    """Cells that should differ but predict the same, bit by bit.

    Attributes:
        cells: their keys.
        labels: the distinct methods with their options and base models.
        task: data set and level.
    """

    cells: tuple[str, ...]
    labels: tuple[str, ...]
    task: str

    def __str__(self) -> str:
        return (
            f"{' and '.join(self.labels)} predict the same, bit by bit, on {self.task} ({len(self.cells)} cells): "
            f"an option was ignored or means nothing here, or both gave one class"
        )


def identical_predictions(frame: pd.DataFrame) -> tuple[IdenticalPredictions, ...]:
    """Return groups of cells with bit-identical predictions whose methods, options or base models differ.

    Cells that differ in the seed alone are not flagged: many methods use no randomness.

    Args:
        frame: of `read_results` or `Board.results`.
    """
    ok = frame[(frame["status"] == "ok") & frame["predictions"].notna()]
    shared = ok[ok["predictions"].duplicated(keep=False)]
    found = []
    for _, group in shared.groupby(["predictions", "dataset_label"], sort=False):
        what = group[["method", "method_params", "base_model", "base_model_params"]].drop_duplicates()
        if len(what) < 2:
            continue
        rows = group.loc[what.index]
        labels = [
            " ".join(w for w in words if w)
            for words in zip(texts(rows["method_label"]), models(rows), strict=True)
        ]
        levels = ", ".join(dict.fromkeys(group["supervision"]))
        task = f"{group['dataset_label'].iloc[0]} at {levels}"
        found.append(IdenticalPredictions(tuple(group["cell"]), tuple(dict.fromkeys(labels)), task))
    return tuple(found)
