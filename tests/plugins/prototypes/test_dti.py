"""DTI-TS: the published model, its raw stage, what it learns, and what it keeps."""

import numpy as np
import pytest
import torch

from eobench.data import DataError, UnsupportedError, View
from eobench.plugin import Budget, RunContext
from eobench_prototypes import eobench_methods
from eobench_prototypes._dti_model import DeformablePrototypes, Shape, contrast, smoothness
from eobench_prototypes._dti_predictor import DeformablePredictor
from eobench_prototypes._features import fit_features
from eobench_prototypes._kmeans import refined
from eobench_prototypes._predictor import NearestPrototype

CARDS = {card.name: card for card in eobench_methods()}
RAW = {"warp": False, "offset": False, "contrastive": False}


def method(name, **params):
    return CARDS[name].load_object()(CARDS[name].resolve(params))


def context(steps=12, seed=7, **kwargs):
    return RunContext(seed=seed, budget=Budget(steps=steps), **kwargs)


def moving(n=60, steps=13, seed=0):
    """Two classes whose peaks are early or late, shifted in time and level by sample; gaps."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    peak = np.where(labels == 0, 4, 8) + rng.uniform(-1, 1, n)
    time = np.arange(steps)
    curve = np.exp(-(((time - peak[:, None]) / 2) ** 2)) + rng.normal(0, 0.3, (n, 1))
    values = np.stack([curve, 1 - curve], -1) + rng.normal(0, 0.02, (n, steps, 2))
    return values, labels, rng.random((n, steps)) > 0.2


@pytest.fixture
def view(made):
    values, labels, valid = moving()
    more, truth, seen = moving(20, seed=1)
    kept = made.view(more, truth, valid=seen, classes=2)
    built = made.view(values, labels, valid=valid, classes=2)
    return View("full", built.inputs, built.classes, labels=built.labels, validation=kept)


@pytest.fixture
def unlabelled(view):
    kept = View("none", view.validation.inputs, view.classes)
    return View("none", view.inputs, view.classes, validation=kept)


@pytest.mark.parametrize(("count", "published"), [(16, 382_960), (32, 476_512)])
def test_it_has_the_published_number_of_parameters(count, published):
    """TimeSen2Crop: T 363, C 9; the published counts without the unused scale head."""
    model = DeformablePrototypes(Shape(count, 9, 363, 11, 0.25, True), torch.zeros(count, 9, 363))
    assert sum(p.numel() for p in model.parameters()) == published


def test_in_mixed_precision_it_learns_as_well(view):
    found = [
        method("dti-ts", precision=precision).fit(view, context(30)).predict(view.inputs).classes
        for precision in ("float32", "bfloat16")
    ]
    assert np.mean(found[0] == found[1]) > 0.9
    assert np.mean(found[1] == view.labels) > 0.9


def test_only_the_encoder_is_coarse_and_only_in_training(view):
    model = DeformablePrototypes(Shape(2, 2, 13, 3, 0.25, True), torch.zeros(2, 2, 13))
    with torch.no_grad():
        for head in (model.warper, model.offsetter):
            head.weight.normal_(generator=torch.Generator().manual_seed(0))
    raw = torch.from_numpy(moving()[0].astype(np.float32).transpose(0, 2, 1).copy())
    exact = [found.detach() for found in model.train().transformations(raw)]
    model.precision = "bfloat16"
    coarse = [found.detach() for found in model.train().transformations(raw)]
    assert {found.dtype for found in coarse} == {torch.float32}
    assert all(0 < float((a - b).abs().max()) < 0.2 for a, b in zip(exact, coarse, strict=True))
    with torch.no_grad():
        model.eval().precision = "float32"
        wanted = model.transformations(raw)
        model.precision = "bfloat16"
        assert all(torch.equal(a, b) for a, b in zip(wanted, model.transformations(raw), strict=True))


def test_with_zero_heads_it_predicts_as_ncc(view):
    ncc = method("ncc", fill="gaussian", distance="masked").fit(view, context())
    shape = Shape(2, 2, 13, 3, 0.25, True)
    first = torch.from_numpy(ncc.prototypes.reshape(2, 2, 13).astype(np.float32))
    untrained = DeformablePredictor(DeformablePrototypes(shape, first), ncc.features, ncc.names, 2)
    one, other = untrained.predict(view.inputs), ncc.predict(view.inputs)
    np.testing.assert_array_equal(one.classes, other.classes)
    np.testing.assert_allclose(one.reconstruction, other.reconstruction, rtol=1e-4)


@pytest.mark.parametrize("fill", ["gaussian", "linear"])
def test_raw_with_labels_is_ncc(view, fill):
    ncc = method("ncc", fill=fill, distance="masked").fit(view, context())
    raw = method("dti-ts", fill=fill, **RAW).fit(view, context())
    np.testing.assert_array_equal(raw.prototypes, ncc.prototypes)
    np.testing.assert_array_equal(raw.predict(view.inputs).classes, ncc.predict(view.inputs).classes)
    assert (raw.steps, raw.parameters) == (0, ncc.parameters)


def test_raw_without_labels_is_kmeans(unlabelled):
    kmeans = method("kmeans", clusters=4, fill="gaussian", distance="masked").fit(unlabelled, context())
    raw = method("dti-ts", clusters=4, **RAW).fit(unlabelled, context())
    np.testing.assert_allclose(raw.prototypes, kmeans.prototypes, atol=1e-6)
    np.testing.assert_array_equal(
        raw.predict(unlabelled.inputs).clusters, kmeans.predict(unlabelled.inputs).clusters
    )


def test_each_piece_lowers_the_reconstruction_error(unlabelled):
    found = []
    for pieces in (RAW, {"offset": False}, {}):
        fitted = method("dti-ts", clusters=2, stage_steps=1000, lr=0.003, **pieces).fit(unlabelled, context(80))
        found.append(fitted.predict(unlabelled.validation.inputs).reconstruction.mean())
    assert found[0] > found[1] > found[2]


def test_predictions_with_labels_name_classes_and_without_only_number_clusters(view, unlabelled):
    named = method("dti-ts").fit(view, context()).predict(view.inputs)
    np.testing.assert_allclose(named.probabilities.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(named.probabilities.argmax(axis=1), named.classes)
    assert (named.reconstruction >= 0).all()
    found = method("dti-ts", clusters=3).fit(unlabelled, context()).predict(view.inputs)
    assert found.classes is None
    assert found.clusters.max() < 3


def test_the_pieces_that_are_off_have_no_parameters(view):
    counts = [
        method("dti-ts", **p).fit(view, context(1)).parameters for p in ({}, {"offset": False}, {"warp": False})
    ]
    heads = counts[0] - counts[1], counts[0] - counts[2]
    assert heads == (129 * 2 * 2, 129 * 2 * 3)  # K * C; K * M, a landmark a month of 121 days
    only = method("dti-ts", warp=False, offset=False).fit(view, context(1))
    assert only.parameters == 2 * 2 * 13  # prototypes that the contrastive loss moves


def test_a_class_without_labels_has_no_prototype(made):
    values, labels, valid = moving()
    fitted = method("dti-ts").fit(made.view(values, labels * 2, valid=valid, classes=3), context())
    assert fitted.names.tolist() == [0, 2]
    found = fitted.predict(made.inputs(values, valid=valid))
    assert set(found.classes) <= {0, 2}
    assert (found.probabilities[:, 1] == 0).all()


def test_without_labels_or_with_too_few_rows_it_says_so(made, view):
    with pytest.raises(UnsupportedError, match="dti-ts needs labelled rows"):
        method("dti-ts").fit(made.view(moving()[0], np.full(60, -1)), context())
    with pytest.raises(UnsupportedError, match=r"dti-ts\[clusters=99\] needs at least 99 rows; the view has 60"):
        method("dti-ts", clusters=99).fit(View("none", view.inputs, view.classes), context())


def test_values_in_gaps_are_never_seen(made):
    values, labels, valid = moving()
    other = np.where(valid[..., None], values, 9999)
    one, two = (method("dti-ts").fit(made.view(v, labels, valid=valid), context(4)) for v in (values, other))
    for name, value in one.model.state_dict().items():
        torch.testing.assert_close(value, two.model.state_dict()[name], rtol=0, atol=0)


def test_it_predicts_the_same_after_loading(view, tmp_path):
    fitted = method("dti-ts").fit(view, context())
    fitted.save(tmp_path)
    loaded = DeformablePredictor.load(tmp_path)
    one, other = fitted.predict(view.inputs), loaded.predict(view.inputs)
    for name, values in one.given().items():
        np.testing.assert_array_equal(values, other.given()[name])
    assert (loaded.steps, loaded.parameters) == (fitted.steps, fitted.parameters)


def test_a_damaged_file_or_another_shape_is_an_error(view, made, tmp_path):
    (tmp_path / "dti.json").write_text("{}")
    with pytest.raises(DataError, match="no saved deformable prototypes"):
        DeformablePredictor.load(tmp_path)
    with pytest.raises(DataError, match=r"shape \(2, 13\); these are \(2, 5\)"):
        method("dti-ts").fit(view, context(1)).predict(made.inputs(np.zeros((3, 5, 2))))


def test_pictures_of_prototypes_and_reconstructions_are_kept(view, unlabelled, tmp_path):
    for number, (params, shown) in enumerate((({}, view), ({"clusters": 3}, unlabelled))):
        folder = tmp_path / str(number)
        method("dti-ts", **params).fit(shown, context(1, artifacts=folder))
        assert {"prototypes.html", "reconstructions.html"} <= {f.name for f in folder.iterdir()}
    method("dti-ts", **RAW).fit(view, context(1, artifacts=tmp_path / "raw"))
    assert (tmp_path / "raw" / "prototypes.html").exists()


def test_weighted_kmeans_ends_where_the_gradient_of_the_loss_vanishes():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(50, 6)).astype(np.float32)
    weights = rng.random((50, 6)).astype(np.float32)
    centres = refined(values, weights, values[:3].astype(np.float64), 100)
    p = torch.tensor(centres, requires_grad=True)
    x, m = torch.from_numpy(values).double(), torch.from_numpy(weights).double()
    loss = ((m[:, None] * (x[:, None] - p).square()).sum(2) / m.sum(1, keepdim=True)).amin(dim=1).mean()
    loss.backward()
    assert p.grad.abs().max() < 1e-7


def test_total_variation_has_both_forms():
    prototypes = torch.tensor([[[0.0, 3.0], [0.0, 4.0]]])
    assert smoothness(prototypes, "squared") == pytest.approx(12.5)
    assert smoothness(prototypes, "norm") == pytest.approx(5)
    assert smoothness(torch.zeros(2, 3, 1), "norm") == 0


def test_the_contrastive_loss_takes_the_nearest_for_the_most_probable():
    distance = torch.tensor([[0.0, 50.0]])
    assert contrast(distance, torch.tensor([0])) < 1e-6
    assert contrast(distance, torch.tensor([1])) == pytest.approx(50)


def test_raw_is_a_nearest_prototype_that_loads_alike(view, tmp_path):
    raw = method("dti-ts", **RAW).fit(view, context())
    raw.save(tmp_path)
    loaded = NearestPrototype.load(tmp_path).predict(view.inputs)
    np.testing.assert_array_equal(loaded.clusters, raw.predict(view.inputs).clusters)


def test_the_reconstruction_error_is_the_weighted_mean_square(view):
    ncc = method("ncc", fill="gaussian", distance="masked").fit(view, context())
    values, weights = fit_features(view.inputs, "band", "gaussian").weighted(view.inputs, np.arange(60))
    distance = (weights[:, None] * (values[:, None] - ncc.prototypes) ** 2).sum(2).min(1)
    np.testing.assert_allclose(ncc.predict(view.inputs).reconstruction, distance / weights.sum(1), rtol=1e-5)
