"""County tables: two sources' crop areas, and how far they disagree."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eobench.data import DataError, DatasetMissingError
from eobench_datasets.counties import county_disagreement, read_county_table

ROOT = os.environ.get("EOBENCH_DATA")


@pytest.fixture
def root(tmp_path):
    """Two counties of 100 ha: corn and soybean by two sources."""
    folder = tmp_path / "us_county_crop_area"
    folder.mkdir()
    cdl = pd.DataFrame({"fips": [1, 2], "year": [2010, 2010], "county_area_ha": [100.0, 100.0]})
    cdl.assign(cdl_1=[30.0, 0.0], cdl_5=[10.0, 0.0]).to_parquet(folder / "cdl.parquet")
    csdl = pd.DataFrame({"fips": [2, 1, 1], "year": [2010, 2010, 1999]})
    csdl.assign(corn_ha=[0.0, 20.0, 5.0], soy_ha=[10.0, 15.0, 5.0]).to_parquet(folder / "csdl.parquet")
    header = {"format": "table-folder/1", "tables": {n: {"file": f"{n}.parquet"} for n in ("cdl", "csdl")}}
    (folder / "dataset.json").write_text(json.dumps(header))
    return tmp_path


def test_the_distance_is_half_the_sum_of_the_differences_of_shares(root):
    found = county_disagreement(root)
    assert found.classes == ("corn", "soybean", "other")
    assert found.fips.tolist() == [1, 2]
    assert found.cdl == pytest.approx(np.array([[0.3, 0.1, 0.6], [0, 0, 1]]))
    assert found.csdl == pytest.approx(np.array([[0.2, 0.15, 0.65], [0, 0.1, 0.9]]))
    assert found.distance == pytest.approx([0.1, 0.1])


def test_of_the_crops_alone_counties_without_them_are_left_out(root):
    found = county_disagreement(root, of="crops")
    assert found.fips.tolist() == [1]
    assert found.distance == pytest.approx([abs(30 / 40 - 20 / 35)])


def test_a_county_year_that_stands_twice_is_an_error(root):
    file = root / "us_county_crop_area" / "csdl.parquet"
    frame = pd.read_parquet(file)
    pd.concat([frame, frame.head(1)]).to_parquet(file)
    with pytest.raises(DataError, match="county 2 stands twice in 2010"):
        read_county_table(root, "csdl")


def test_what_is_absent_or_of_another_format_is_named(root, tmp_path):
    with pytest.raises(DatasetMissingError, match="us_county_crop_area"):
        read_county_table(tmp_path / "nowhere", "cdl")
    (root / "us_county_crop_area" / "dataset.json").write_text('{"format": "sample-folder/1"}')
    with pytest.raises(DataError, match="expected 'table-folder/1'"):
        read_county_table(root, "cdl")


@pytest.mark.skipif(ROOT is None, reason="EOBENCH_DATA is not set: no real data at hand")
def test_the_real_sources_disagree_as_their_description_says():
    if not (Path(ROOT or ".") / "us_county_crop_area").is_dir():
        pytest.skip("us_county_crop_area is not under EOBENCH_DATA")
    found = county_disagreement(Path(ROOT or "."))
    assert len(found.distance) == 12_133
    assert found.cdl.sum(axis=1) == pytest.approx(1)
    assert 0.03 < found.distance.mean() < 0.04
    both = read_county_table(Path(ROOT or "."), "cdl").merge(read_county_table(Path(ROOT or "."), "csdl"))
    recent = both[both["year"] >= 2008]
    assert np.corrcoef(recent["cdl_1"], recent["corn_ha"])[0, 1] == pytest.approx(0.979, abs=0.0005)
    assert np.corrcoef(recent["cdl_5"], recent["soy_ha"])[0, 1] == pytest.approx(0.966, abs=0.0005)
