"""USRL: the encoder sees no future, subseries lie where they should, and vectors cluster by shape."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from eobench.data import DataError, UnsupportedError
from eobench.plugin import Budget, RunContext
from eobench_timeseries import _usrl as usrl
from eobench_timeseries import eobench_methods

CARD = next(card for card in eobench_methods() if card.name == "usrl-kmeans")


def clustering(**params):
    return CARD.load_object()(CARD.resolve({"clusters": 6, "depth": 3, **params}))


def run(steps=40, seed=7):
    return RunContext(seed=seed, budget=Budget(steps=steps))


def encoder(channels=2, depth=3):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return usrl.CausalEncoder(channels, depth).eval()


def test_a_step_depends_on_the_past_alone():
    blocks, x = encoder().blocks, torch.randn(1, 2, 12, generator=torch.Generator().manual_seed(0))
    changed = x.clone()
    changed[..., 7:] += 1
    before, after = blocks(x), blocks(changed)
    torch.testing.assert_close(before[..., :7], after[..., :7])
    assert not torch.equal(before[..., 7], after[..., 7])


@pytest.mark.parametrize("length", [1, 2, 31])
def test_series_of_any_length_have_320_values(length):
    assert encoder().encode(torch.zeros(3, 2, length)).shape == (3, 320)


def test_a_cut_is_the_steps_from_its_start():
    series = torch.arange(24.0).view(2, 1, 12)
    found = usrl.cut(series, np.array([1, 0]), np.array([2, 5]), 3)
    assert found[:, 0].tolist() == [[14, 15, 16], [5, 6, 7]]


def test_taps_before_the_series_are_zeros():
    block, x = usrl.CausalBlock(2, 4, 8), torch.randn(3, 2, 12, generator=torch.Generator().manual_seed(0))
    padded = functional.pad(x, (16, 0))  # all three taps, 8 steps apart
    wanted = functional.conv1d(padded, block.first.weight, block.first.bias, dilation=8)
    torch.testing.assert_close(block._causal(block.first, x), wanted)


class Means(usrl.Encoder):
    """The mean of a series, and a record of what was asked for."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def encode(self, x):
        self.seen.append(x)
        return x.mean(dim=2)


def test_the_positive_lies_within_its_anchor_and_negatives_are_as_long():
    series = torch.arange(10.0).repeat(5, 1, 1)
    for seed in range(20):
        means = Means()
        usrl.triplet_loss(means, series, np.arange(5), 3, np.random.default_rng(seed))
        anchor, others = means.seen
        assert others.shape[:2] == (20, 1)
        assert (others[:5].amin(dim=2) >= anchor.amin(dim=2)).all()
        assert (others[:5].amax(dim=2) <= anchor.amax(dim=2)).all()


def test_the_loss_of_a_hand_case():
    series = torch.tensor([[[2.0]]])  # one series of one step: every subseries is 2, every product 4
    rows, draws = np.array([0]), np.random.default_rng(0)
    together, apart = np.log1p(np.exp(-4)), np.log1p(np.exp(4))
    assert float(usrl.triplet_loss(Means(), series, rows, 3, draws)) == pytest.approx(together + 3 * apart)
    assert float(usrl.triplet_loss(Means(), series, rows, 3, draws, mean=True)) == pytest.approx(together + apart)


def test_the_loss_is_the_papers():
    series = torch.randn(4, 2, 1, generator=torch.Generator().manual_seed(0))  # one step: no length is drawn
    means = Means()
    found = usrl.triplet_loss(means, series, np.arange(4), 3, np.random.default_rng(0))
    z, others = (part[..., 0] for part in means.seen)
    positive, negatives = others[:4], others[4:].view(3, 4, 2)
    wanted = -functional.logsigmoid((z * positive).sum(1)) - functional.logsigmoid(-(z * negatives).sum(2)).sum(0)
    torch.testing.assert_close(found, wanted.mean())


def test_it_learns(made):
    values, labels = made.bumps(0, shift=3, count=150)
    context = run(80)
    fitted = clustering().fit(made.view(values), context)
    losses = [value for _, value in context.curves["loss"]]
    assert np.mean(losses[-10:]) < np.mean(losses[:10])
    clusters = fitted.predict(made.inputs(values)).clusters
    share = sum(np.bincount(labels[clusters == k]).max() for k in np.unique(clusters)) / len(labels)
    assert share > 0.7


def test_it_is_saved_whole(made, tmp_path):
    values, _ = made.bumps(0)
    fitted = clustering().fit(made.view(values), run(2))
    fitted.save(tmp_path)
    loaded = usrl.USRLPredictor.load(tmp_path)
    assert (loaded.steps, loaded.parameters) == (2, fitted.parameters)
    one, other = (p.predict(made.inputs(values)) for p in (fitted, loaded))
    np.testing.assert_array_equal(one.embeddings, other.embeddings)
    (tmp_path / "encoder.json").write_text("{}")
    with pytest.raises(DataError, match="no saved encoder"):
        usrl.USRLPredictor.load(tmp_path)


def test_fewer_rows_than_clusters_are_unsupported(made):
    with pytest.raises(UnsupportedError, match="needs at least 6 rows; the view has 2"):
        clustering().fit(made.view(np.zeros((2, 4, 1))), run())
