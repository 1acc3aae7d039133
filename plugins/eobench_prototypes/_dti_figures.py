"""Pictures of prototypes, and of series as they are rebuilt (Figures 4 and 5 of Vincent et al.)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_COLUMNS = 4
_BANDS = 12  # more are not told apart


def prototype_figure(
    prototypes: NDArray[np.floating[Any]],
    titles: Sequence[str],
    days: NDArray[np.integer[Any]],
    bands: Sequence[str],
) -> Any:
    """Return a plotly figure with one panel a prototype, one line a band, over days.

    Args:
        prototypes: (K, C, T), standardised.
        titles: K.
        days: (T,).
        bands: C names.
    """
    figure = _panels(titles)
    for k, prototype in enumerate(prototypes):
        for c, band in enumerate(bands[:_BANDS]):
            _line(figure, k, days, prototype[c], band, c, first=k == 0)
    return _finished(figure, len(prototypes), "Prototypes, standardised values over days")


def reconstruction_figure(
    observed: NDArray[np.floating[Any]],
    rebuilt: NDArray[np.floating[Any]],
    titles: Sequence[str],
    days: NDArray[np.integer[Any]],
    bands: Sequence[str],
) -> Any:
    """Return a plotly figure with one panel a series: dots as observed, lines as its prototype rebuilds it.

    Args:
        observed: (n, C, T), standardised, NaN in gaps.
        rebuilt: (n, C, T).
        titles: n.
        days: (n, T).
        bands: C names.
    """
    figure = _panels(titles)
    for i, series in enumerate(observed):
        for c, band in enumerate(bands[:_BANDS]):
            _line(figure, i, days[i], rebuilt[i, c], band, c, first=i == 0)
            _line(figure, i, days[i], series[c], band, c, first=False, dots=True)
    return _finished(figure, len(observed), "Series (dots) and their reconstructions (lines), standardised")


def _panels(titles: Sequence[str]) -> Any:
    from plotly.subplots import make_subplots

    columns = min(_COLUMNS, max(1, len(titles)))
    return make_subplots(
        rows=-(-len(titles) // columns), cols=columns, subplot_titles=list(titles), shared_yaxes=True
    )


def _line(
    figure: Any,
    panel: int,
    days: NDArray[np.integer[Any]],
    values: NDArray[np.floating[Any]],
    band: str,
    number: int,
    *,
    first: bool,
    dots: bool = False,
) -> None:
    from plotly.colors import qualitative
    from plotly.graph_objects import Scatter

    colours = qualitative.Dark24
    trace = Scatter(
        x=days.tolist(),
        y=np.round(values.astype(np.float64), 3).tolist(),
        name=band,
        legendgroup=band,
        showlegend=first,
        mode="markers" if dots else "lines",
        marker={"size": 4},
        line={"color": colours[number % len(colours)], "width": 1.5},
        marker_color=colours[number % len(colours)],
    )
    figure.add_trace(trace, row=panel // _COLUMNS + 1, col=panel % _COLUMNS + 1)


def _finished(figure: Any, panels: int, title: str) -> Any:
    figure.update_layout(title=title, height=140 + 190 * -(-panels // _COLUMNS), template="plotly_white")
    return figure
