"""A picture of chips: image, class map, and class shares as given and as predicted. Imports plotly when drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

COLOURS = (
    "#9e9e9e",
    "#1b7837",
    "#a6d96a",
    "#fdae61",
    "#d73027",
    "#4575b4",
    "#984ea3",
    "#ffd92f",
    "#8c510a",
    "#333333",
)
STRETCH = (2, 98)
"""Percentiles of an image that become black and white."""
_ROW = 190


def chip_figure(
    images: NDArray[np.float32],
    maps: NDArray[np.integer[Any]],
    classes: tuple[str, ...],
    shares: list[tuple[str, NDArray[np.float32]]],
    truth: NDArray[np.integer[Any]] | None = None,
) -> Figure:
    """Return a figure with a row a chip.

    Args:
        images: (n, C, H, W); the first three channels are red, green and blue, one channel is grey.
        maps: (n, h, w) predicted classes.
        classes: K names.
        shares: named (n, K) class shares, drawn as bars side by side.
        truth: (n, H, W) true classes, drawn beside the maps; -1 = unknown. Whoever learns does not have it.
    """
    from plotly import graph_objects
    from plotly.subplots import make_subplots

    titles = ["image", "class map", *([] if truth is None else ["truth"]), "class shares"]
    figure = make_subplots(
        len(images),
        len(titles),
        column_titles=titles,
        horizontal_spacing=0.03,
        vertical_spacing=0.02,
    )
    for row in range(len(images)):
        figure.add_trace(graph_objects.Image(z=_colours(images[row])), row + 1, 1)
        for column, labels in enumerate([maps[row], *([] if truth is None else [truth[row]])], 2):
            figure.add_trace(graph_objects.Image(z=_painted(labels)), row + 1, column)
        for place, (name, values) in enumerate(shares):
            bars = graph_objects.Bar(
                x=list(classes),
                y=values[row].tolist(),
                name=name,
                legendgroup=name,
                showlegend=row == 0,
                marker={
                    "color": [COLOURS[k % len(COLOURS)] for k in range(len(classes))],
                    "opacity": 1 / (1 + place),
                },
            )
            figure.add_trace(bars, row + 1, len(titles))
    figure.update_xaxes(showticklabels=False)
    figure.update_yaxes(showticklabels=False)
    last = {"row": len(images), "col": len(titles)}
    figure.update_xaxes(showticklabels=True, **last)
    figure.update_layout(height=_ROW * len(images) + 120, width=_ROW * (len(titles) + 1), template="plotly_white")
    return figure


def _colours(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(H, W, 3) of (C, H, W), each channel between its percentiles."""
    shown = image[:3] if len(image) >= 3 else np.repeat(image[:1], 3, axis=0)
    low, high = np.nanpercentile(shown, STRETCH, axis=(1, 2), keepdims=True)
    scaled = (shown - low) / np.maximum(high - low, 1e-9)
    painted: NDArray[np.uint8] = (255 * np.nan_to_num(scaled).clip(0, 1)).astype(np.uint8)
    return painted.transpose(1, 2, 0)


def _painted(labels: NDArray[Any]) -> NDArray[np.uint8]:
    """(H, W, 3) colours of classes; white where unknown."""
    palette = np.array([list(bytes.fromhex(colour[1:])) for colour in COLOURS], np.uint8)
    painted: NDArray[np.uint8] = np.where((labels < 0)[..., None], 255, palette[labels % len(COLOURS)]).astype(
        np.uint8
    )
    return painted
