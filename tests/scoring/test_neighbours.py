"""kNN-25 on embeddings."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from eobench.plugin import Predictions, Scoring
from eobench.scoring import _neighbours
from eobench.scoring._neighbours import NearestNeighbours


def scoring(train, train_truth, test, truth, count):
    return Scoring(
        level="full",
        classes=tuple(map(str, range(count))),
        truth=np.asarray(truth, np.int16),
        predictions=Predictions(embeddings=np.asarray(test, np.float32)),
        train_truth=np.asarray(train_truth, np.int16),
        train_predictions=Predictions(embeddings=np.asarray(train, np.float32)),
    )


@pytest.fixture
def drawn():
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(3, 6))
    y, t = rng.integers(0, 3, 300), rng.integers(0, 3, 120)
    return centres[y] + rng.normal(size=(300, 6)), y, centres[t] + rng.normal(size=(120, 6)), t


def test_it_equals_scikit_learn_with_cosine_distance(drawn, monkeypatch):
    monkeypatch.setattr(_neighbours, "_CHUNK_BYTES", 300 * 4 * 7)  # several chunks, the last one smaller
    train, y, test, t = drawn
    expected = KNeighborsClassifier(25, metric="cosine", algorithm="brute").fit(train, y).score(test, t)
    assert NearestNeighbours({}).compute(scoring(train, y, test, t, 3))["knn25"] == pytest.approx(expected)


def test_length_of_an_embedding_does_not_matter(drawn):
    train, y, test, t = drawn
    scale = np.random.default_rng(0).uniform(0.1, 10, (300, 1))
    a = NearestNeighbours({}).compute(scoring(train, y, test, t, 3))
    assert a == NearestNeighbours({}).compute(scoring(train * scale, y, test, t, 3))


def test_unlabelled_training_rows_do_not_vote():
    train, y = np.eye(2)[[0] * 30 + [0] * 3 + [1] * 30], [-1] * 30 + [0] * 3 + [1] * 30
    found = NearestNeighbours({}).compute(scoring(train, y, [[1.0, 0.1]], [1], 2))
    assert found["knn25"] == 1  # 3 votes for class 0 beside 22 for class 1


def test_with_few_training_rows_all_vote():
    found = NearestNeighbours({}).compute(scoring([[1, 0], [1, 0], [0, 1]], [0, 0, 1], [[0, 1.0]], [1], 2))
    assert found["knn25"] == 0


def test_a_zero_embedding_is_no_crash():
    found = NearestNeighbours({}).compute(scoring([[1, 0], [0, 1]], [0, 1], [[0.0, 0.0]], [0], 2))
    assert found["knn25"] == 1


def test_training_rows_are_capped_the_same_way_each_time(drawn, monkeypatch):
    monkeypatch.setattr(_neighbours, "TRAIN_ROWS", 60)
    case = scoring(*drawn, 3)
    assert NearestNeighbours({}).compute(case) == NearestNeighbours({}).compute(case)


def test_without_embeddings_of_train_it_is_undefined():
    case = Scoring("full", ("a",), np.zeros(1, np.int16), Predictions(embeddings=np.ones((1, 2), np.float32)))
    assert NearestNeighbours({}).compute(case)["knn25"] is None
