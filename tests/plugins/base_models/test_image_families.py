"""Networks that map images to class maps: sizes of the paper, and what each computes."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from eobench.plugin import ParameterError
from eobench_base_models._cards_images import CARDS
from eobench_base_models._qkm import QKMNetwork

BY_NAME = {card.name: card for card in CARDS}


def build(name, shape=(3, 96, 96), outputs=5, **options):
    card = BY_NAME[name]
    torch.manual_seed(0)
    return card.load_object()(card.resolve(options)).build(shape, outputs).eval()


@pytest.mark.parametrize(
    ("name", "options", "outputs", "count"),
    [
        ("downconv", {}, 5, 5_189),
        ("downconv", {"kernel": 8, "filters": 32}, 3, 6_275),
        ("qkm", {}, 5, 3_457),
        ("qkm", {"patch": 2}, 5, 1_153),
        ("unet", {}, 5, 482_101),
    ],
)
def test_parameters_are_those_of_the_paper(name, options, outputs, count):
    network = build(name, outputs=outputs, **options)
    assert sum(p.numel() for p in network.parameters()) == count


def test_vgg16_unet_has_the_papers_23_7_million():
    assert round(sum(p.numel() for p in build("vgg16-unet").parameters()) / 1e6, 1) == 23.7


@pytest.mark.parametrize(("name", "least"), [("vgg16-unet", 60), ("resnet18-unet", 58)])
def test_half_the_width_is_a_quarter_of_the_weights_and_as_many_layers(name, least):
    published, half = build(name), build(name, width=32)
    pairs = list(zip(published.named_parameters(), half.named_parameters(), strict=True))
    assert len(pairs) >= least
    for (one, large), (other, small) in pairs:
        assert one == other
        assert large.ndim < 4 or small.shape[2:] == large.shape[2:]
    first, last = next(half.encoder.parameters()), list(half.head.parameters())[-1]
    assert first.shape[:2] == (32, 3)
    assert last.shape == (5,)
    weights = [sum(p.numel() for p in n.parameters()) for n in (published, half)]
    assert weights[0] / weights[1] == pytest.approx(4, rel=0.02)


def test_maps_are_as_fine_as_their_stride():
    assert build("downconv")(torch.rand(2, 3, 96, 96)).shape == (2, 5, 24, 24)
    assert build("qkm")(torch.rand(2, 3, 96, 96)).shape == (2, 5, 48, 48)


@pytest.mark.parametrize("name", ["unet", "resnet18-unet"])
@pytest.mark.parametrize("size", [(32, 48), (33, 47), (5, 5)])
def test_u_nets_give_maps_of_the_images_size(name, size):
    assert build(name, (2, *size))(torch.rand(2, 2, *size)).shape == (2, 5, *size)


def test_a_place_has_the_mean_of_the_patches_that_cover_it():
    torch.manual_seed(1)
    network = QKMNetwork(1, 2, prototypes=3, patch=4, stride=2).eval()
    image = torch.rand(1, 1, 8, 8)
    patches = functional.unfold(image, 4, stride=2).transpose(1, 2)[0]
    distance = torch.cdist(patches, network.centres).square()
    shares = (network.weights.softmax(0) * torch.exp(-distance / torch.exp(2 * network.log_sigma))).T
    shares = (shares / shares.sum(dim=0)).T
    classes = functional.normalize(network.head.values, dim=1).square()
    each = (shares @ classes).T[None].repeat_interleave(16, dim=1)
    ones = functional.fold(torch.ones(1, 16, 9), (8, 8), 4, stride=2)
    folded = [functional.fold(each[:, 16 * k : 16 * k + 16], (8, 8), 4, stride=2)[0, 0] for k in (0, 1)]
    given = network(image).softmax(dim=1)[0].repeat_interleave(2, 1).repeat_interleave(2, 2)
    assert torch.allclose(given, torch.stack(folded) / ones[0], atol=1e-5)


def test_qkm_starts_from_patches_of_its_first_batch_and_keeps_what_it_learns():
    network = build("qkm", (3, 16, 16)).train()
    batch = 5 + torch.rand(4, 3, 16, 16)
    network(batch)
    assert ((network.centres > 4.9) & (network.centres < 6.1)).all()
    before = network.centres.detach().clone()
    network(-batch)
    assert torch.equal(before, network.centres)


@pytest.mark.parametrize(
    ("name", "options", "shape", "words"),
    [
        ("downconv", {}, (3, 3, 9), "kernel=4"),
        ("qkm", {}, (3, 3, 9), "patch=4"),
        ("qkm", {"patch": 3, "stride": 2}, (3, 9, 9), "multiple of stride"),
    ],
)
def test_what_cannot_be_built_is_told(name, options, shape, words):
    with pytest.raises(ParameterError, match=words):
        build(name, shape, **options)
