"""The page about a data set: what it draws is what the folder holds, and no text of a folder becomes code."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from eobench.data import (
    EobenchError,
    ModalityArray,
    ModalityInfo,
    RegionTable,
    SplitInfo,
    open_folder,
    write_folder,
)
from eobench.datasheet import render_page, write_page
from eobench.datasheet._axis import aligned
from eobench.datasheet._bands import band_roles, measures, true_colour
from eobench.datasheet._png import data_uri

N = 12
ROOT = os.environ.get("EOBENCH_DATA")


def folder(path: Path, kind="series", *, dense=False, **changed):
    """A small folder of any kind: 4 dates, 8 x 8 pixels, red, green, blue and near infrared."""
    bands = ("B02", "B03", "B04", "B08")
    sizes = {"series": (4, 4), "image": (8, 8, 4), "image-series": (4, 8, 8, 4)}[kind]
    generator = np.random.default_rng(0)
    values = generator.integers(100, 4_000, (N, *sizes)).astype(np.int16)
    steps = 1 if kind == "image" else 4
    valid = np.ones((N, steps), bool)
    valid[0, 0] = False
    days = np.arange(steps, dtype=np.int16) * 30
    info = ModalityInfo("s2", kind, sizes, bands, 0.0001)
    samples = {"split": ["train"] * 6 + ["val"] * 2 + ["test"] * 4, "region": ["a", "b", "c"] * 4}
    labels = np.tile([0, 1], N // 2).astype(np.int16)
    shares = {r: np.array([0.5, 0.5]) for r in "abc"}
    given = {
        "name": "made",
        "title": "Made up",
        "classes": ("corn", "rice"),
        "tables": {} if dense else {"census": RegionTable("region", shares, exact=False)},
        "meta": {"quirks": ["none"]},
    } | changed
    write_folder(
        path,
        modalities={"s2": ModalityArray(info, values, valid, days)},
        samples=samples if dense else samples | {"label": labels},
        splits={"random": SplitInfo("random", "split", None, "within")},
        default_split="random",
        groups=("region",),
        task="segmentation" if dense else "classification",
        targets=generator.integers(0, 2, (N, 8, 8)).astype(np.uint8) if dense else None,
        **given,
    )
    return open_folder(path)


def drawn(page: str) -> dict:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found.group(1))


@pytest.mark.parametrize(
    ("bands", "roles"),
    [
        (("B02", "B03", "B04", "B05", "B08", "B8A"), {"blue": 0, "green": 1, "red": 2, "nir": 4}),
        (("S2-L2A-B04", "S2-L2A-B08"), {"red": 0, "nir": 1}),
        (
            ("1 coastal", "2 blue", "3 green", "4 red", "5 nir", "6 swir1"),
            {"blue": 1, "green": 2, "red": 3, "nir": 4},
        ),
        (("B2", "B3", "B4", "B5", "B6", "B7"), {"blue": 0, "green": 1, "red": 2, "nir": 3}),
        (("red edge", "swir", "VV"), {}),
        (("ndvi", "evi"), {"ndvi": 0}),
    ],
)
def test_bands_are_known_by_their_names(bands, roles):
    assert band_roles(bands) == roles


def test_ndvi_comes_first_stored_or_computed_and_is_missing_where_a_band_is():
    assert [m.name for m in measures(("blue", "ndvi"))] == ["NDVI", "blue"]
    assert [m.name for m in measures(("VV", "VH"))] == ["VV", "VH"]
    ndvi = measures(("B04", "B08"))[0]
    values = np.array([[[0.1, np.nan, 0.0], [0.3, 0.3, 0.0]]], np.float32)
    assert ndvi.of(values)[0] == pytest.approx([0.5, np.nan, np.nan], nan_ok=True)
    assert true_colour(("B04", "B08")) is None


def test_dates_of_samples_are_one_axis_where_they_agree_and_bins_where_they_do_not():
    days, index = aligned(np.array([[0, 16, 32], [1, 17, 33]], np.int16))
    assert index is None
    assert days.tolist() == [0.5, 16.5, 32.5]
    _, index = aligned(np.array([[0, 10, 90], [40, 60, 80], [5, 50, 95]], np.int16))
    assert index is not None
    assert index[0].tolist() == [0, 0, 2]


def test_a_picture_is_a_png_that_holds_its_pixels():
    import base64
    import struct
    import zlib

    pixels = np.random.default_rng(0).integers(0, 255, (3, 5, 4)).astype(np.uint8)
    raw = base64.b64decode(data_uri(pixels).split(",")[1])
    assert struct.unpack(">II", raw[16:24]) == (5, 3)
    start = raw.index(b"IDAT")
    length = struct.unpack(">I", raw[start - 4 : start])[0]
    lines = np.frombuffer(zlib.decompress(raw[start + 4 : start + 4 + length]), np.uint8).reshape(3, -1)
    assert np.array_equal(lines[:, 1:].reshape(3, 5, 4), pixels)


def test_counts_shares_and_gaps_are_those_of_the_folder(tmp_path):
    data = drawn(render_page(folder(tmp_path / "made")))
    [split] = data["splits"]
    assert split["counts"] == {"train": [3, 3], "val": [1, 1], "test": [2, 2]}
    labels = next(r for r in data["regions"] if r["name"] == "labels by region")
    assert sorted(labels["regions"]) == ["a", "b", "c"]
    assert all(sum(row) == pytest.approx(100, abs=0.2) for row in labels["shares"])
    [dates] = data["dates"]
    assert dates["share"] == [91.7, 100, 100, 100]
    assert data["tables"][0]["distance"] == 0


@pytest.mark.parametrize(("kind", "dense"), [("image", True), ("image", False), ("image-series", True)])
def test_images_are_shown_in_true_colour_with_their_class_maps(tmp_path, kind, dense):
    [part] = drawn(render_page(folder(tmp_path / "made", kind, dense=dense)))["images"]
    assert part["what"] == "true colour"
    sample = part["samples"][0]
    assert len(sample["pictures"]) == (4 if kind == "image-series" else 1)
    assert (sample["map"] is not None) == dense
    assert (sample["label"] is None) == dense


def test_texts_of_a_folder_are_never_code(tmp_path):
    bad = "</script><script>alert(1)</script><b>"
    page = render_page(
        folder(tmp_path / "made", title=bad, classes=(bad, "rice"), meta={"quirks": [bad]}), script="x.js"
    )
    assert "<script>alert" not in page
    assert page.count("</script>") == 4


def test_a_page_is_written_whole_and_an_unknown_split_is_named(tmp_path):
    made = folder(tmp_path / "made")
    out = write_page(made, tmp_path / "pages" / "made.html", script="plotly.min.js")
    assert out.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert [p.name for p in out.parent.iterdir()] == ["made.html"]
    with pytest.raises(EobenchError, match="'random'"):
        render_page(made, split="randon")


def test_an_unlabelled_set_has_a_page_too(tmp_path):
    made = folder(tmp_path / "made", tables={})
    labels = made.labels()
    assert labels.min() == 0
    import pandas as pd

    file = made.path / "samples.parquet"
    pd.read_parquet(file).assign(label=np.int16(-1)).to_parquet(file)
    data = drawn(render_page(open_folder(made.path)))
    assert data["curves"][0]["measures"][0]["classes"][0]["index"] == -1


@pytest.mark.skipif(ROOT is None, reason="EOBENCH_DATA is not set: no real data at hand")
def test_every_real_set_has_a_page(tmp_path):
    names = [p.parent.name for p in sorted(Path(ROOT or ".").glob("*/samples.parquet"))]
    assert names
    for name in names:
        data = drawn(render_page(open_folder(Path(ROOT or ".") / name), script="plotly.min.js"))
        assert data["curves"], name
        assert data["images"] or data["strips"], name
