"""A confusion matrix as a picture: SVG, written as text, so that a row costs no drawing library."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

CELL, TEXT, NUMBERED = 26, 11, 20
# White to green, as the leaderboard page shades shares.
LIGHT, DARK = (247, 252, 250), (0, 90, 60)
FONT = "system-ui, sans-serif"


def confusion_svg(table: Sequence[Sequence[int]], classes: Sequence[str]) -> str:
    """Return a confusion matrix as SVG, shaded by the share of each true class; numbers up to 20 classes.

    Args:
        table: (K, K) counts, rows true classes, columns predicted.
        classes: K names; numbers stand in where there are none.
    """
    size = len(table)
    names = [str(c) for c in classes] if len(classes) == size else [str(k) for k in range(size)]
    longest = max((len(n) for n in names), default=1)
    left, top = 34 + round(0.56 * TEXT * min(longest, 28)), 30 + round(0.4 * TEXT * min(longest, 28))
    side = CELL * size
    reach = max((CELL * (k + 0.5) + 0.45 * TEXT * min(len(n), 28) for k, n in enumerate(names)), default=0)
    width, height = left + round(max(side, reach)) + 14, top + side + 14
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="{FONT}" font-size="{TEXT}">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{left + side / 2:g}" y="14" text-anchor="middle">predicted</text>',
        f'<text transform="translate(14 {top + side / 2:g}) rotate(-90)" text-anchor="middle">true</text>',
    ]
    for k, name in enumerate(names):
        short, middle = escape(name if len(name) <= 28 else name[:27] + "…"), CELL * (k + 0.5)
        parts.append(f'<text x="{left - 5}" y="{top + middle + 4:g}" text-anchor="end">{short}</text>')
        parts.append(f'<text transform="translate({left + middle + 3:g} {top - 5}) rotate(-38)">{short}</text>')
    for i, line in enumerate(table):
        total = max(sum(line), 1)
        parts += [_cell(left, top, i, j, count, count / total, size) for j, count in enumerate(line)]
    frame = f'<rect x="{left}" y="{top}" width="{side}" height="{side}" fill="none" stroke="#888"/>'
    return "\n".join([*parts, frame, "</svg>\n"])


def _cell(left: int, top: int, i: int, j: int, count: int, share: float, size: int) -> str:
    x, y = left + CELL * j, top + CELL * i
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(LIGHT, DARK, strict=True))
    box = f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" fill="rgb({red},{green},{blue})"/>'
    if size > NUMBERED or not count:
        return box
    shade, number = "white" if share > 0.5 else "#222", _short(count)
    return (
        f'{box}<text x="{x + CELL / 2:g}" y="{y + CELL / 2 + 3:g}" text-anchor="middle" font-size="9" '
        f'fill="{shade}">{number}</text>'
    )


def _short(count: int) -> str:
    """A count in at most four signs: 950, 12k, 3.4M."""
    if count < 10_000:
        return str(count)
    for unit, name in ((1e3, "k"), (1e6, "M"), (1e9, "G")):
        if count < 999.5 * unit:
            return f"{count / unit:.2g}{name}" if count < 99.5 * unit else f"{count / unit:.0f}{name}"
    return f"{count:.0e}"
