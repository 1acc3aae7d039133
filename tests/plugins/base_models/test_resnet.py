from __future__ import annotations

from pathlib import Path

import pytest
import torch
from numpy.testing import assert_allclose

from eobench.plugin import Places, discover
from eobench_base_models._resnet import ResNet18Network


def _card(tmp_path: Path):  # type: ignore[no-untyped-def]
    return discover(Places(None, tmp_path), ["eobench_base_models"], entry_points=False).base_models["resnet18"]


def test_it_has_the_parameters_of_torchvisions() -> None:
    torchvision = pytest.importorskip("torchvision.models")
    count = sum(p.numel() for p in torchvision.resnet18(num_classes=7).parameters())
    ours = ResNet18Network(3, 7, width=64, first_stride=1)
    assert sum(p.numel() for p in ours.parameters()) == count == 11_180_103


def test_with_torchvisions_weights_it_gives_torchvisions_logits() -> None:
    torchvision = pytest.importorskip("torchvision.models")
    theirs = torchvision.resnet18(num_classes=5).eval()
    theirs.conv1.stride = (1, 1)
    ours = ResNet18Network(3, 5, width=64, first_stride=1).eval()
    # both list stem, blocks (convolutions before the way around) and head in one order
    ours.load_state_dict(dict(zip(ours.state_dict(), theirs.state_dict().values(), strict=True)))
    x = torch.randn(2, 3, 21, 21)
    with torch.no_grad():
        assert_allclose(ours(x).numpy(), theirs(x).numpy(), rtol=1e-4, atol=1e-4)


def test_patches_of_21_pixels_end_at_2(tmp_path: Path) -> None:
    card = _card(tmp_path)
    network = card.load_object()(card.resolve({"width": 4})).build((3, 21, 21), 5)
    sides: list[int] = []
    for block in network.blocks:
        block.register_forward_hook(lambda _, __, out: sides.append(out.shape[-1]))
    assert network.features(torch.randn(2, 3, 21, 21)).shape == (2, 32)
    assert sides == [11, 11, 6, 6, 3, 3, 2, 2]
