import zipfile
from dataclasses import replace

import numpy as np
import pytest

from eobench.data import DataError
from eobench.plugin import Predictions
from eobench.results import _predictions, load_predictions, predictions_digest, save_predictions


def some(n=7, seed=0):
    rng = np.random.default_rng(seed)
    probabilities = rng.random((n, 3), np.float32)
    return Predictions(
        classes=rng.integers(0, 3, n),
        clusters=rng.integers(0, 300, n),
        probabilities=probabilities / probabilities.sum(1, keepdims=True),
        proportions=np.full((n, 3), 1 / 3, np.float32),
        embeddings=rng.standard_normal((n, 5)).astype(np.float32),
    )


def test_predictions_are_read_back_embeddings_in_half_precision(tmp_path):
    test, train = some(), some(4, seed=1)
    save_predictions(tmp_path / "p" / "a.npz", test, train)
    for wrote, found in zip((test, train), load_predictions(tmp_path / "p" / "a.npz"), strict=True):
        for name in ("classes", "clusters", "probabilities", "proportions"):
            np.testing.assert_array_equal(getattr(found, name), getattr(wrote, name))
        assert found.embeddings.dtype == np.float16
        np.testing.assert_allclose(found.embeddings, wrote.embeddings, atol=2e-3)


def test_predictions_on_train_may_be_absent(tmp_path):
    save_predictions(tmp_path / "a.npz", Predictions(classes=np.array([0, 1])))
    test, train = load_predictions(tmp_path / "a.npz")
    assert train is None
    assert test.given().keys() == {"classes"}


def test_integers_take_the_smallest_type_that_holds_them(tmp_path):
    save_predictions(tmp_path / "a.npz", Predictions(classes=np.array([0, 255]), clusters=np.array([0, 256])))
    test, _ = load_predictions(tmp_path / "a.npz")
    assert (test.classes.dtype, test.clusters.dtype) == (np.uint8, np.uint16)


def test_embeddings_and_probabilities_of_maps_are_capped(tmp_path, monkeypatch):
    monkeypatch.setattr(_predictions, "EMBEDDING_NUMBERS", 10)
    monkeypatch.setattr(_predictions, "MAP_NUMBERS", 10)
    maps = Predictions(
        classes=np.zeros((2, 4, 4), np.int64),
        probabilities=np.full((2, 3, 4, 4), 1 / 3, np.float32),
        embeddings=np.arange(20, dtype=np.float32).reshape(4, 5),
    )
    save_predictions(tmp_path / "a.npz", maps)
    test, _ = load_predictions(tmp_path / "a.npz")
    assert test.probabilities is None
    np.testing.assert_array_equal(test.embeddings, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]])


@pytest.mark.parametrize("damage", ["absent", "text", "torn", "foreign"])
def test_a_damaged_or_foreign_file_is_refused(tmp_path, damage):
    path = tmp_path / "a.npz"
    save_predictions(path, some())
    if damage == "absent":
        path.unlink()
    elif damage == "text":
        path.write_text("hello")
    elif damage == "torn":
        path.write_bytes(path.read_bytes()[:200])
    else:
        np.savez(path, other=np.zeros(3))
    with pytest.raises(DataError, match=r"a\.npz: no stored predictions"):
        load_predictions(path)


def test_objects_are_never_unpickled(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, **{"test.classes": np.array([print], object)}, allow_pickle=True)
    with pytest.raises(DataError):
        load_predictions(path)


def test_nothing_half_written_is_left_when_writing_fails(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(zipfile.ZipFile, "open", full)
    with pytest.raises(OSError, match="disk full"):
        save_predictions(tmp_path / "a.npz", some())
    assert list(tmp_path.iterdir()) == []


def test_the_digest_is_equal_only_for_bit_identical_predictions():
    first = some()
    assert predictions_digest(first) == predictions_digest(some())
    assert predictions_digest(first) == predictions_digest(replace(first, classes=first.classes.astype(np.int16)))
    moved = first.probabilities.copy()
    moved[0, 0] = np.nextafter(moved[0, 0], np.float32(2))
    assert predictions_digest(first) != predictions_digest(replace(first, probabilities=moved))
    assert predictions_digest(first) != predictions_digest(replace(first, clusters=None))
