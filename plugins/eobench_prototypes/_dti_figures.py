"""Pictures of prototypes, and of series as they are rebuilt (Figures 4 and 5 of Vincent et al.)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

COLUMNS = 4
SHOWN = 3
"""Bands that are seen at first; a click in the legend shows the others."""
_BANDS = 12  # more are not told apart
_PANEL, _GAP, _TOP = 170, 46, 110  # pixels


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
    panels = _Panels(titles, bands, "Prototypes")
    for k, prototype in enumerate(prototypes):
        for band in panels.drawn:
            panels.line(k, band, days, prototype[band])
    return panels.finished("Lines: bands, standardised. Each panel has its own scale.")


def reconstruction_figure(
    observed: NDArray[np.floating[Any]],
    rebuilt: NDArray[np.floating[Any]],
    prototypes: NDArray[np.floating[Any]],
    titles: Sequence[str],
    days: NDArray[np.integer[Any]],
    bands: Sequence[str],
) -> Any:
    """Return a plotly figure with one panel a series: as observed, its prototype, and the prototype transformed.

    Args:
        observed: (n, C, T), standardised, NaN in gaps.
        rebuilt: (n, C, T).
        prototypes: (n, C, T), before they are warped and shifted.
        titles: n.
        days: (n, T).
        bands: C names.
    """
    panels = _Panels(titles, bands, "Series and their reconstructions")
    for i, series in enumerate(observed):
        for band in panels.drawn:
            panels.line(i, band, days[i], prototypes[i, band], dash="dot", width=1.0)
            panels.line(i, band, days[i], rebuilt[i, band])
            panels.dots(i, band, days[i], series[band])
    return panels.finished(
        "Dots: as observed. Dotted: the prototype. Solid: the prototype, warped and shifted. Standardised."
    )


class _Panels:
    """Small plots side by side, whose lines of one band are switched together.

    Args:
        titles: of the panels.
        bands: names.
        title: of the figure.
    """

    def __init__(self, titles: Sequence[str], bands: Sequence[str], title: str) -> None:
        from plotly.colors import sample_colorscale
        from plotly.subplots import make_subplots

        self.drawn = range(min(len(bands), _BANDS))
        self._bands, self._title = bands, title
        self._columns = min(COLUMNS, max(1, len(titles)))
        self._rows = max(1, -(-len(titles) // self._columns))
        places = np.linspace(0.03, 0.92, len(self.drawn)) if len(self.drawn) > 1 else [0.1]
        self._colours = sample_colorscale("Turbo", list(places))  # short waves blue, long ones red
        shown = np.linspace(0, len(self.drawn) - 1, SHOWN).round() if len(self.drawn) > SHOWN else self.drawn
        self._shown = {int(band) for band in shown}
        self._named: set[int] = set()
        inside = self._rows * _PANEL + (self._rows - 1) * _GAP
        self._height = inside + _TOP + 50
        self._figure = make_subplots(
            rows=self._rows,
            cols=self._columns,
            subplot_titles=list(titles),
            vertical_spacing=_GAP / inside,
            horizontal_spacing=0.035,
        )

    def line(
        self,
        panel: int,
        band: int,
        days: NDArray[np.integer[Any]],
        values: NDArray[np.floating[Any]],
        dash: str = "solid",
        width: float = 1.8,
    ) -> None:
        """Draw a line."""
        named = dash != "solid" or band in self._named  # a band stands in the legend once
        if not named:
            self._named.add(band)
        style = {"color": self._colours[band], "width": width, "dash": dash}
        self._add(panel, band, days, values, mode="lines", line=style, showlegend=not named)

    def dots(
        self, panel: int, band: int, days: NDArray[np.integer[Any]], values: NDArray[np.floating[Any]]
    ) -> None:
        """Draw dots; NaN is left out."""
        marker = {"size": 5, "color": self._colours[band], "opacity": 0.65}
        self._add(panel, band, days, values, mode="markers", marker=marker, showlegend=False)

    def _add(
        self,
        panel: int,
        band: int,
        days: NDArray[np.integer[Any]],
        values: NDArray[np.floating[Any]],
        **style: Any,
    ) -> None:
        from plotly.graph_objects import Scatter

        known = np.isfinite(values)
        trace = Scatter(
            x=days[known].tolist(),
            y=np.round(values[known].astype(np.float64), 3).tolist(),
            name=self._bands[band],
            legendgroup=self._bands[band],
            visible=True if band in self._shown else "legendonly",
            hovertemplate="day %{x}: %{y}",
            **style,
        )
        self._figure.add_trace(trace, row=panel // self._columns + 1, col=panel % self._columns + 1)

    def finished(self, text: str) -> Any:
        """Return the figure, with a line of text under its title."""
        figure = self._figure
        hidden = len(self.drawn) - len(self._shown)
        more = f" {hidden} bands more in the legend: click." if hidden else ""
        figure.update_layout(
            title={"text": f"{self._title}<br><sup>{text}{more}</sup>", "x": 0.01, "y": 1 - 30 / self._height},
            height=self._height,
            margin={"t": _TOP, "b": 50, "l": 40, "r": 20},
            template="plotly_white",
            legend={"groupclick": "togglegroup", "title": "band"},
        )
        figure.update_annotations(font_size=12)
        figure.update_xaxes(tickfont_size=10, showline=True, linecolor="#ccc")
        figure.update_yaxes(tickfont_size=10, nticks=5, zerolinecolor="#ccc")
        figure.update_xaxes(title={"text": "day", "font": {"size": 11}, "standoff": 4}, row=self._rows)
        return figure
