from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from eobench.tracking._figure import _short, confusion_svg

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg):
    return [t.text for t in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_counts_and_names_stand_in_the_picture_and_zeros_do_not():
    found = texts(confusion_svg([[3, 1], [0, 2]], ["wheat", "a < b & c"]))
    assert found[:2] == ["predicted", "true"]
    assert found.count("wheat") == found.count("a < b & c") == 2
    assert found[-3:] == ["3", "1", "2"]


def test_the_shade_is_the_share_of_the_true_class():
    boxes = ElementTree.fromstring(confusion_svg([[10, 0], [500, 500]], ["a", "b"])).iter(f"{SVG}rect")
    fills = [b.get("fill") for b in boxes][1:-1]
    assert fills[0] == "rgb(0,90,60)"
    assert fills[1] == "rgb(247,252,250)"
    assert fills[2] == fills[3]


def test_numbers_stand_in_for_names_and_many_classes_have_no_counts():
    assert texts(confusion_svg([[1] * 30] * 30, ["only one"])).count("29") == 2
    assert len(texts(confusion_svg([[1] * 30] * 30, ["only one"]))) == 62


@pytest.mark.parametrize(
    ("count", "text"), [(9999, "9999"), (12_345, "12k"), (999_600, "1M"), (123_456, "123k"), (3_400_000, "3.4M")]
)
def test_a_count_has_at_most_four_signs(count, text):
    assert _short(count) == text
