"""Remake docs/images/chip-maps.jpg: chips, the maps that `chip-llp` predicts, the truth, and the shares of both.

    python scripts/chip_pictures.py            # generates the chips (once), trains for a minute, draws
    python scripts/chip_pictures.py --steps 60 --out trial.jpg

Data, network and budget are those of task `networks` of suite:lightweight-llp, area A. Shown are the five test
chips whose land is the most mixed (entropy of the true shares), from five communes. Needs Pillow, which comes with
torchvision.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from eobench.cli._common import places, registry
from eobench.cli._data_open import open_set
from eobench.data import Knobs, Scene, Supervision, build_scene
from eobench.plugin import Budget, RunContext
from eobench_proportions._chip_maps import COLOURS, _colours, _painted

OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "chip-maps.jpg"
CHIPS = "simulated-chips[samples=1024,regions=128,region_contrast=1.2,composite=median]"
SHOWN = 5
SIDE, GAP, TOP, LEFT, BARS, BELOW = 192, 16, 34, 16, 330, 30
INK, QUIET, LINE = "#1d2521", "#66706a", "#e2e1da"


def main() -> None:
    """Train, choose and draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    root = os.environ.get("EOBENCH_DATA")
    where = places(Path(root) if root else None)
    plugins = registry(where, ())
    folder = open_set(plugins, where, CHIPS)
    scene = build_scene(
        folder,
        split=folder.header.default_split,
        modalities=(),
        supervision=Supervision("regions", by="commune"),
        knobs=Knobs(),
        seed=0,
        flatten=False,
    )
    method, network = plugins.methods["chip-llp"], plugins.base_models["downconv"]
    run = RunContext(
        seed=0,
        budget=Budget(steps=arguments.steps),
        base_model=network.load_object()(network.resolve({"lr": 0.01})),
    )
    predictor = method.load_object()(method.resolve({})).fit(scene.view, run)
    chosen = mixed(scene)
    found = predictor.predict(scene.test.take(chosen))
    assert found.classes is not None
    assert found.probabilities is not None
    images = scene.test.take(chosen).batch(slice(0, len(chosen))).values
    picture = drawn(
        images, found.classes, scene.truth[chosen], found.probabilities.mean(axis=(2, 3)), scene.classes
    )
    picture.save(arguments.out, quality=88, optimize=True)
    print(f"{arguments.out}: {picture.width} x {picture.height}, chips {chosen.tolist()}")


def shares(maps: NDArray[np.integer[Any]], count: int) -> NDArray[np.float64]:
    """Return (n, K) shares of the classes in maps (n, H, W); unknown pixels do not count."""
    counts = np.stack([np.bincount(m[m >= 0].ravel(), minlength=count) for m in maps])
    return np.asarray(counts / counts.sum(axis=1, keepdims=True).clip(1), np.float64)


def mixed(scene: Scene) -> NDArray[np.int64]:
    """Return the scored chips of the highest entropy, no two of one commune."""
    found = shares(scene.truth, len(scene.classes))
    entropy = -(found * np.log(found.clip(1e-12))).sum(axis=1)
    communes = communes_of(scene)
    chosen: dict[int, int] = {}
    for chip in np.argsort(-entropy, kind="stable"):
        chosen.setdefault(int(communes[chip]), int(chip))
    return np.array(list(chosen.values())[:SHOWN], np.int64)


def communes_of(scene: Scene) -> NDArray[np.int64]:
    """Return (n,) the bag, and so the commune, of each scored chip."""
    assert scene.test_bags is not None
    bags = scene.test_bags.partition(0)
    communes = np.full(len(scene.truth), -1)
    communes[bags.rows] = np.repeat(np.arange(len(bags)), np.diff(bags.offsets))
    return communes


def drawn(
    images: NDArray[np.float32],
    maps: NDArray[np.integer[Any]],
    truth: NDArray[np.integer[Any]],
    soft: NDArray[np.float32],
    classes: tuple[str, ...],
) -> Image.Image:
    """Return the picture: a row a chip; bars of the true shares, of the map's, and of the mean probabilities."""
    step = SIDE + GAP
    sheet = Image.new("RGB", (2 * LEFT + 3 * step + BARS, TOP + len(images) * step + BELOW), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for place, words in enumerate(("image", "predicted", "truth")):
        pen.text((LEFT + place * step + SIDE / 2, TOP / 2), words, INK, font, anchor="mm")
    pen.text(
        (LEFT + 3 * step + BARS / 2, TOP / 2), "shares: true, of the map, of probabilities", INK, font, anchor="mm"
    )
    true, mapped = shares(truth, len(classes)), shares(maps, len(classes))
    for row in range(len(images)):
        top = TOP + row * step
        for place, pixels in enumerate((_colours(images[row]), _painted(maps[row]), _painted(truth[row]))):
            tile = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.NEAREST)
            sheet.paste(tile, (LEFT + place * step, top))
        bars(pen, (LEFT + 3 * step, top), np.stack([true[row], mapped[row], soft[row]]))
    group = BARS / len(classes)
    for k, name in enumerate(classes):
        x = LEFT + 3 * step + (k + 0.5) * group
        pen.text(
            (x, TOP + len(images) * step), name.replace("_", " "), QUIET, ImageFont.load_default(13), anchor="ma"
        )
    return sheet


def bars(pen: ImageDraw.ImageDraw, corner: tuple[float, float], values: NDArray[np.floating[Any]]) -> None:
    """Draw (3, K) shares: the true ones full, the map's paler, those of probabilities palest; lines at halves."""
    left, top = corner
    for share in (0.0, 0.5, 1.0):
        pen.line((left, top + SIDE * (1 - share), left + BARS, top + SIDE * (1 - share)), LINE)
    group = BARS / values.shape[1]
    for kind, row in enumerate(values):
        for k, value in enumerate(row):
            x = left + k * group + group * (0.12 + 0.26 * kind)
            pen.rectangle((x, top + SIDE * (1 - value), x + 0.22 * group, top + SIDE), paled(COLOURS[k], kind))


def paled(colour: str, kind: int) -> tuple[int, ...]:
    """Return a colour, mixed with white by its kind."""
    white = (0.0, 0.35, 0.65)[kind]
    return tuple(round(255 * white + (1 - white) * int(colour[at : at + 2], 16)) for at in (1, 3, 5))


if __name__ == "__main__":
    main()
