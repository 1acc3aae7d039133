"""Box plots of bag proportions: what they draw is what bags of that size hold."""

from __future__ import annotations

import numpy as np
import pytest

from eobench.data import ModalityArray, ModalityInfo, SplitInfo, open_folder, write_folder
from eobench.datasheet import render_page
from eobench.datasheet._bags import bag_shares
from eobench.datasheet._classes import Labels

CLASSES = ("corn", "rice", "soy")


@pytest.fixture
def made(tmp_path):
    """A folder of pixel series with given labels (one a sample), or of images with given class maps."""

    def make(labels, train=None, sizes=(2, 1)):
        labels = np.asarray(labels)
        n, dense = len(labels), labels.ndim > 1
        sizes = (*labels.shape[1:], 1) if dense else sizes
        info = ModalityInfo("s2", "image" if dense else "series", sizes, ("ndvi",))
        steps = 1 if dense else sizes[0]
        values = np.zeros((n, *sizes), np.float32)
        array = ModalityArray(info, values, np.ones((n, steps), bool), np.arange(steps, dtype=np.int16))
        split = np.where(np.ones(n, bool) if train is None else train, "train", "test").tolist()
        write_folder(
            tmp_path / "set",
            name="made",
            title="Made up",
            classes=CLASSES,
            task="segmentation" if dense else "classification",
            modalities={"s2": array},
            samples={"split": split} if dense else {"split": split, "label": labels.astype(np.int16)},
            targets=labels.astype(np.uint8) if dense else None,
            splits={"random": SplitInfo("random", "split", None, "within")},
            default_split="random",
        )
        return open_folder(tmp_path / "set")

    return make


def test_boxes_are_those_of_bags_cut_from_the_labelled_training_samples(made):
    labels = np.repeat([0, 1, 2, -1, 2], [3_000, 1_000, 0, 500, 6_000])
    train = np.arange(len(labels)) < 4_500  # class 2 is in the test rows alone
    folder = made(labels, train)
    (found,) = bag_shares(folder, Labels(folder))
    assert (found["classes"], found["of"], found["overall"]) == ([0, 1], 2, [75, 25])
    by_size = {s["size"]: s for s in found["sizes"]}
    assert list(by_size) == [32, 64, 128, 256, 512, 1024, 2048]
    assert [by_size[n]["bags"] for n in (32, 2048)] == [125, 1]
    for size, box in by_size.items():
        spread = 100 * np.sqrt(0.75 * 0.25 / size * (1 - size / 4_000))  # of a draw without putting back
        assert box["median"][0] == pytest.approx(75, abs=spread)
        assert box["high"][0] - box["low"][0] == pytest.approx(2 * 1.645 * spread, rel=0.35)
        assert box["q1"][0] + box["q3"][1] == pytest.approx(100, abs=0.02)  # two classes: one's share is the rest


def test_a_bag_of_one_image_has_the_proportions_of_its_pixels(made):
    maps = np.zeros((5, 4, 4), np.int64)
    maps[:, 0] = 1
    folder = made(maps)
    (found,) = bag_shares(folder, Labels(folder))
    assert [s["size"] for s in found["sizes"]] == [1, 4]
    assert found["sizes"][0]["low"] == found["sizes"][0]["high"] == [75, 25]


def test_one_class_or_less_than_a_bag_has_no_boxes(made):
    folder = made(np.zeros(100))
    assert bag_shares(folder, Labels(folder)) == []


def test_a_set_smaller_than_the_smallest_bag_has_a_page_without_them(made):
    folder = made(np.arange(20) % 3)
    assert bag_shares(folder, Labels(folder)) == []
    assert '"bags": []' in render_page(folder, script="plotly.js")
