"""TapNet: groups of bands, prototypes by attention, and what a series may know of its own prototype."""

import numpy as np
import pytest
import torch

from eobench.data import DataError
from eobench.plugin import Budget, RunContext
from eobench_timeseries import eobench_methods
from eobench_timeseries._tapnet import TapNetPredictor
from eobench_timeseries._tapnet_network import TapNetwork, as_logits, random_groups

CARD = next(card for card in eobench_methods() if card.name == "tapnet")


def tapnet(**params):
    return CARD.load_object()(CARD.resolve({"batch_size": 32, **params}))


def run(steps=25, seed=7):
    return RunContext(seed=seed, budget=Budget(steps=steps))


def network(channels=3, classes=4, steps=9):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return TapNetwork(steps, classes, random_groups(channels, np.random.default_rng(0))).eval()


@pytest.mark.parametrize(("channels", "width"), [(1, 1), (2, 1), (9, 6), (10, 6)])
def test_three_groups_hold_two_thirds_of_the_bands(channels, width):
    groups = random_groups(channels, np.random.default_rng(0))
    assert groups.shape == (3, width)
    assert all(len(set(group)) == width for group in groups.tolist())


def test_on_pastis_it_has_the_published_number_of_parameters():
    found = sum(p.numel() for p in network(10, 19, 406).parameters())
    assert found == 1_881_995


def test_a_series_is_embedded_alike_in_any_company():
    model, x = network(), torch.randn(4, 3, 9, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(model.features(x)[2:3], model.features(x[2:3]))


def test_prototypes_are_means_weighted_by_attention():
    model, x = network(), torch.randn(3, 3, 9, generator=torch.Generator().manual_seed(1))
    seen = model.features(x)
    scores = model.attention[1](seen)[:, 0].exp()
    prototypes, _ = model.class_prototypes(x, torch.ones(3, dtype=torch.int64))
    torch.testing.assert_close(prototypes[0], (scores[:, None] * seen).sum(dim=0) / scores.sum())


def test_a_prototype_of_one_series_is_its_embedding():
    model, x = network(), torch.randn(3, 3, 9, generator=torch.Generator().manual_seed(1))
    prototypes, present = model.class_prototypes(x, torch.tensor([0, 3, 0]))
    assert present.tolist() == [0, 3]
    torch.testing.assert_close(prototypes[1], model.features(x)[1].detach())
    low, high = model.features(x)[[0, 2]].detach().sort(dim=0).values
    assert ((prototypes[0] >= low - 1e-6) & (prototypes[0] <= high + 1e-6)).all()


def test_a_series_takes_no_part_in_the_prototype_it_is_compared_with():
    model, x = network(), torch.randn(3, 3, 9, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([1, 1, 2])
    seen = model.features(x)
    apart, targets = model.batch_logits(x, labels, kernel=False, apart=True)
    assert targets.tolist() == [0, 0, 1]
    torch.testing.assert_close(apart[0, 0], -(seen[0] - seen[1]).square().sum())
    torch.testing.assert_close(apart[2, 1], torch.zeros(()))  # its class has no other
    joint, _ = model.batch_logits(x, labels, kernel=False, apart=False)
    assert joint[0, 0] > apart[0, 0]


def test_logits_fall_with_the_distance():
    squares = torch.tensor([0.0, 1.0, 4.0])
    assert as_logits(squares, kernel=False).tolist() == [0, -1, -4]
    torch.testing.assert_close(as_logits(squares, kernel=True), torch.exp(-squares / 2))


def test_it_learns(made):
    values, labels = made.bumps(0, count=150, bands=2, shift=2)
    other, wanted = made.bumps(1, bands=2, shift=2)
    found = tapnet().fit(made.view(values, labels), run()).predict(made.inputs(other))
    assert (found.classes == wanted).mean() > 0.9
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-5)


def test_balanced_weights_help_a_rare_class(made):
    values, labels = made.bumps(0, count=100, shift=2)
    labels[np.flatnonzero(labels == 2)[4:]] = -1
    other, wanted = made.bumps(1, shift=2)
    recall = []
    for how in ("none", "balanced"):
        method = tapnet(class_weight=how, batch_size=100)  # each batch has all classes
        found = method.fit(made.view(values, labels), run(8)).predict(made.inputs(other))
        recall.append(found.probabilities[wanted == 2, 2].mean())
    assert recall[1] > recall[0]


def test_a_class_without_labels_has_probability_zero(made):
    values, labels = made.bumps(0)
    labels[labels == 1] = -1
    found = tapnet().fit(made.view(values, labels), run(3)).predict(made.inputs(values))
    assert found.probabilities[:, 1].max() == 0


def test_a_damaged_file_is_refused(made, tmp_path):
    tapnet().fit(made.view(*made.bumps(0)), run(1)).save(tmp_path)
    (tmp_path / "tapnet.json").write_text('{"channels": 2}')
    with pytest.raises(DataError, match="no saved TapNet"):
        TapNetPredictor.load(tmp_path)
