"""The table of the real sets' README: forest within 2 points of OA, nearest centroid within 1."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eobench.data import Inputs, ModalityArray, ModalityInfo, View
from eobench.plugin import RunContext
from eobench_prototypes import eobench_methods as prototypes
from eobench_timeseries import eobench_methods as timeseries

CARDS = {card.name: card for card in [*prototypes(), *timeseries()]}
ROOT = os.environ.get("EOBENCH_DATA")
pytestmark = pytest.mark.skipif(not ROOT, reason="EOBENCH_DATA does not name the real sets")


def read(name, split):
    """Train view and test inputs, straight from the files, so that the reader is not what is tested."""
    folder = Path(ROOT) / name
    if not folder.is_dir():
        pytest.skip(f"{name} is not under EOBENCH_DATA")
    header = json.loads((folder / "dataset.json").read_text())
    rows = pd.read_parquet(folder / "samples.parquet")
    parts = []
    for key, modality in header["modalities"].items():
        values = np.load(folder / modality["file"])
        days = modality["days"]
        days = np.array(days, np.int16) if isinstance(days, list) else np.load(folder / days)
        valid = np.load(folder / modality["valid"]) if modality.get("valid") else None
        info = ModalityInfo(key, "series", values.shape[1:], tuple(modality["bands"]), modality.get("scale", 1.0))
        parts.append(ModalityArray(info, values, valid, days))
    inputs, side = Inputs.of(*parts), rows[header["splits"][split]["column"]].to_numpy()
    labels = rows["label"].to_numpy().astype(np.int16)
    train, test = np.flatnonzero(side == "train"), np.flatnonzero(side == "test")
    view = View("full", inputs.take(train), tuple(header["classes"]), labels=labels[train])
    return view, inputs.take(test), labels[test]


def accuracy(method, params, name, split):
    view, test, truth = read(name, split)
    card = CARDS[method]
    predictor = card.load_object()(card.resolve(params)).fit(view, RunContext(seed=0))
    return 100 * float((predictor.predict(test).classes == truth).mean())


@pytest.mark.parametrize(
    ("name", "split", "published"),
    [
        ("us_s2_cdl", "block", 60.6),
        ("us_s2_cdl", "zone", 36.9),
        ("cawa_central_asia", "block", 66.1),
        ("cawa_central_asia", "region", 27.8),
        ("matogrosso_modis", "site", 81.8),
        ("worldcereal_canada", "h3_l5", 37.0),
        ("ucr_crop", "official", 52.2),
        ("cerrado_cbers", "block", 88.1),
    ],
)
def test_nearest_centroid_is_within_one_point(name, split, published):
    assert accuracy("ncc", {"scaling": "feature"}, name, split) == pytest.approx(published, abs=1)


@pytest.mark.parametrize(
    ("name", "split", "published"),
    [("cawa_central_asia", "block", 87.3), ("matogrosso_modis", "site", 93.6), ("cerrado_cbers", "block", 94.6)],
)
def test_a_forest_is_within_two_points(name, split, published):
    assert accuracy("random-forest", {"trees": 100}, name, split) == pytest.approx(published, abs=2)
