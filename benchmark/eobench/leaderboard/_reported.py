"""Curves that papers report, set beside those of their method: slopes alone, as the data differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from eobench.leaderboard._slopes import Axis, Slope, fit_slope


@dataclass(frozen=True, slots=True)
class Reported:
    """One line of a paper's table.

    Attributes:
        method: name of the method.
        supervision: level.
        where: data set and scenario, in words.
        column: of the axis.
        x: values of the axis.
        scores: by metric, each of the length of `x`, 0 to 1.
    """

    method: str
    supervision: str
    where: str
    column: str
    x: tuple[int, ...]
    scores: tuple[tuple[str, tuple[float, ...]], ...]

    def fit(self, axis: Axis, metric: str) -> Slope | None:
        """Return the slope of a metric; None where the paper has none."""
        values = dict(self.scores).get(metric)
        return None if values is None else fit_slope(axis.place(self.x), values)


def _larosa(
    where: str, supervision: str, first: int, acc_p: tuple[float, ...], acc_h: tuple[float, ...]
) -> Reported:
    sizes = tuple(first * 2**k for k in range(len(acc_p)))
    scores = (("acc_p", tuple(v / 100 for v in acc_p)), ("acc_h", tuple(v / 100 for v in acc_h)))
    return Reported("llp-co", supervision, f"La Rosa et al., Table IV: {where}", "bag_size", sizes, scores)


_CV: Final = (82.3, 85.7, 86.4, 83.2, 85.1, 84.4)

REPORTED: Final = (
    _larosa("Campo Verde, SIII", "bags", 32, _CV, _CV),
    _larosa("LEM, SIII", "bags", 32, (95.3, 94.2, 86.9, 92.7, 57.8, 62.1), (95.3, 94.2, 87.2, 92.7, 69.9, 79.1)),
    _larosa("Campo Verde, SIV", "global", 256, (73.8, 76.4, 75.5, 75.1), (77.9, 80.1, 80.2, 79.5)),
    _larosa("LEM, SIV", "global", 256, (52.6, 51.1, 53.8, 58.0), (62.8, 61.2, 66.2, 68.8)),
)
