"""`simulated-pairs`: two sensors, the same pixels, the same days."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eobench.data import check_folder, open_folder
from eobench.plugin import ParameterError, Places
from eobench_simulated import _writer
from eobench_simulated.views._pairs import SimulatedPairs


@pytest.fixture(scope="module")
def pairs(make: Any) -> Any:
    return make("simulated-pairs", pool=240)


def test_the_folder_is_a_sample_folder_without_faults(pairs: Any) -> None:
    assert {finding.level for finding in check_folder(pairs.path)} == {"info"}


def test_both_modalities_are_of_the_same_rows_and_days(pairs: Any) -> None:
    first, second = pairs.header["modalities"]["s2"], pairs.header["modalities"]["planet"]
    assert first["days"] == second["days"]
    assert first["valid"] == second["valid"]
    assert first["shape"] == [600, 12, 12]
    assert second["shape"] == [600, 12, 36]
    assert second["bands"][:4] == ["blue_00", "blue_01", "blue_02", "blue_10"]
    assert second["bands"][-1] == "nir_22"
    opened = open_folder(pairs.path)
    assert opened.inputs(("s2", "planet")) is not None


def test_each_pixel_is_paired_with_its_own_block(make: Any) -> None:
    clean = make("simulated-pairs", pool=0, noise=0.0, cloud_fraction=0.0, haze=0.0, samples=600)
    near = clean.values("s2")[..., clean.header["modalities"]["s2"]["bands"].index("B08")].astype(float)
    block = clean.values("planet").reshape(600, 12, 4, 9)[:, :, 3].astype(float)
    own = np.abs(block.mean(axis=2) - near).mean(axis=1)
    others = np.abs(block.mean(axis=2) - np.roll(near, 7, axis=0)).mean(axis=1)
    assert np.median(own) < 0.25 * np.median(others)
    assert np.corrcoef(block.mean(axis=2).ravel(), near.ravel())[0, 1] > 0.97


def test_a_pair_loses_no_date_that_sentinel_2_has(make: Any) -> None:
    """Clouds have one edge for both sensors, so the nine finer pixels are clear where theirs is."""
    options = {"cloud_fraction": 0.6, "samples": 600, "dates": 36}
    pairs, alone = make("simulated-pairs", pool=0, **options), make("simulated-fields", **options)
    np.testing.assert_array_equal(pairs.valid, alone.valid)
    assert pairs.valid.any(axis=1).all()


def test_unlabelled_rows_are_in_train_or_nowhere(pairs: Any) -> None:
    unlabelled = pairs.samples.label == -1
    assert unlabelled.sum() == 240
    for split in ("random", "block", "region"):
        parts = pairs.samples[f"split_{split}"]
        assert set(parts[unlabelled]) == {"train", "pool"}
        assert set(parts[~unlabelled]) == {"train", "val", "test"}
        whole = pairs.samples[pairs.header["splits"][split]["whole"]]
        assert not set(whole[parts == "train"]) & set(whole[parts == "test"])


def test_the_exact_table_counts_labelled_rows_alone(pairs: Any) -> None:
    counts = pairs.counts("region").to_numpy()
    assert counts.sum() == 360
    np.testing.assert_allclose(pairs.table("exact"), counts / counts.sum(axis=1, keepdims=True), atol=1e-6)


def test_a_set_without_a_pool_is_labelled_all_over(make: Any) -> None:
    assert (make("simulated-pairs", pool=0).samples.label >= 0).all()


def test_a_pool_beyond_the_landscape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"pool.*9000000.*0 to \d{7}"):
        SimulatedPairs({"pool": 9_000_000}, Places(None, tmp_path))


def test_workers_change_no_byte(pairs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether workers are started hangs on the load of the machine; what is written must not."""
    monkeypatch.setattr(_writer, "_WORTH_WORKERS", -1.0)
    options = {"samples": 360, "crops": 4, "regions": 4, "dates": 12, "pool": 240}
    again = SimulatedPairs(options, Places(None, tmp_path)).folder()
    assert {file.name: file.read_bytes() for file in again.iterdir()} == pairs.bytes()
