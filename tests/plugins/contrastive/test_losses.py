"""Losses against the field's implementations and hand cases; SCARF's corruption."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from eobench_contrastive.losses import (
    alignment,
    barlow_twins,
    corrupt,
    corrupt_batch,
    eq1,
    nt_xent,
    uniformity,
    vicreg,
)


def vectors(seed, rows=16, width=8):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32))


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_nt_xent_is_lightlys(temperature):
    from lightly.loss import NTXentLoss

    one, other = vectors(0), vectors(1)
    expected = NTXentLoss(temperature=temperature)(one, other)
    assert nt_xent(one, other, temperature).item() == pytest.approx(expected.item(), rel=1e-5)


def test_nt_xent_of_a_hand_case():
    # Two samples, orthogonal, both views equal: each anchor sees one positive (cosine 1) and two negatives (0).
    found = nt_xent(torch.eye(2), torch.eye(2), temperature=1.0)
    assert found.item() == pytest.approx(-math.log(math.e / (math.e + 2)), rel=1e-6)


def test_eq1_is_the_printed_sum():
    one, other = vectors(0, 5).double(), vectors(1, 5).double()
    a, b = functional.normalize(one, dim=1).numpy(), functional.normalize(other, dim=1).numpy()
    ss, sp = np.exp(a @ a.T / 0.07), np.exp(a @ b.T / 0.07)
    losses = [-math.log(sp[i, i] / sum(ss[i, k] + sp[i, k] for k in range(5) if k != i)) for i in range(5)]
    assert eq1(one, other, 0.07).item() == pytest.approx(np.mean(losses), rel=1e-9)


def test_without_the_positive_the_loss_is_lower_and_may_be_negative():
    aligned = torch.eye(4)
    assert eq1(aligned, aligned).item() < 0 < nt_xent(aligned, aligned).item()
    one, other = vectors(0), vectors(1)
    s, p = functional.normalize(one, dim=1), functional.normalize(other, dim=1)
    within, across = s @ s.T / 0.07, s @ p.T / 0.07
    within.fill_diagonal_(-torch.inf)
    with_positive = (torch.cat([within, across], 1).logsumexp(1) - across.diagonal()).mean()
    assert eq1(one, other).item() < with_positive.item()


def test_a_single_sample_has_no_negatives():
    one = vectors(0, rows=1).requires_grad_()
    for loss in (nt_xent, eq1):
        found = loss(one, vectors(1, rows=1))
        found.backward()
        assert found.item() == pytest.approx(0, abs=1e-6)


def test_barlow_twins_is_lightlys():
    from lightly.loss import BarlowTwinsLoss

    one, other = vectors(0), vectors(1)
    assert barlow_twins(one, other).item() == pytest.approx(BarlowTwinsLoss()(one, other).item(), rel=1e-4)


def test_vicreg_is_lightlys():
    from lightly.loss import VICRegLoss

    one, other = vectors(0), vectors(1)
    assert vicreg(one, other).item() == pytest.approx(VICRegLoss()(one, other).item(), rel=1e-4)


def test_alignment_and_uniformity_of_hand_cases():
    same = torch.ones(3, 2)
    assert alignment(same, 5 * same).item() == pytest.approx(0, abs=1e-6)
    assert uniformity(same).item() == pytest.approx(0, abs=1e-6)
    ends = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])  # at distance 2
    assert alignment(ends, -ends).item() == pytest.approx(4)
    assert uniformity(ends).item() == pytest.approx(-8)


# --- SCARF's corruption -----------------------------------------------------------------------------------------


def coded(rows, features):
    """Feature j holds numbers from 1000 j on, all different."""
    return (torch.arange(rows)[:, None] + 1000.0 * torch.arange(features)).float()


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.2, 2), (0.6, 7), (1.0, 12)])
def test_each_sample_loses_its_share_of_features(share, count):
    clean, marginals = coded(64, 12), coded(900, 12) + 0.5
    changed = corrupt(clean, share, marginals) != clean
    assert (changed.sum(dim=1) == count).all()


def test_the_clean_view_stays_clean():
    clean, marginals = coded(64, 12), coded(64, 12) + 0.5
    before = clean.clone(), marginals.clone()
    for share in (0.0, 0.6):
        view = corrupt(clean, share, marginals)
        assert view.data_ptr() != clean.data_ptr()
        view.zero_()
    assert torch.equal(clean, before[0])
    assert torch.equal(marginals, before[1])


def test_a_donor_comes_from_the_features_own_marginal():
    clean, marginals = coded(64, 12), coded(900, 12) + 0.5
    view = corrupt(clean, 0.6, marginals)
    changed = view != clean
    columns = torch.arange(12).expand(64, 12)[changed]
    assert torch.equal((view[changed] // 1000).long(), columns)
    assert ((view[changed] % 1) == 0.5).all()


def test_samples_choose_their_features_and_donors_independently():
    torch.manual_seed(0)
    clean, marginals = torch.full((500, 12), -1.0), coded(900, 12)
    view = corrupt(clean, 0.5, marginals)
    changed = view != clean
    assert len(torch.unique(changed, dim=0)) > 100  # sets of features
    assert changed.float().mean(dim=0).sub(0.5).abs().max() < 0.1  # each feature as often as any other
    donors = (view - 1000.0 * torch.arange(12)).where(changed, torch.nan)
    of_a_row = donors[0][changed[0]]
    assert len(torch.unique(of_a_row)) > 1  # not one donor row for all features


def test_the_published_corruption_takes_one_set_of_features_from_one_row_each():
    torch.manual_seed(0)
    clean = coded(64, 12)
    before, changed_batches = clean.clone(), 0
    for _ in range(40):
        view = corrupt_batch(clean, 0.5)
        changed = view != clean
        if not changed.any():
            continue
        changed_batches += 1
        columns = changed.any(dim=0)
        assert columns.sum() == 6
        donors = (view - 1000.0 * torch.arange(12))[:, columns]
        assert (donors == donors[:, :1]).all()
    assert 8 < changed_batches < 32  # half of the batches
    assert torch.equal(clean, before)
