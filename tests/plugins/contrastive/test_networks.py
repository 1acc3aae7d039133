"""The backbone has the published form."""

import torch

from eobench_contrastive.networks import DateEncoder, ResMLP, projector


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_resmlp_has_the_published_number_of_parameters():
    assert count(ResMLP(12)) == 598_016
    assert count(ResMLP(12)) - count(ResMLP(12).last) == 531_712
    assert count(ResMLP(36)) == 598_016 + 24 * 256


def test_every_layer_of_encoder_and_projector_learns():
    torch.manual_seed(0)
    encoder, head = DateEncoder(12, 16), projector(16)
    head(encoder(torch.randn(8, 12))).square().sum().backward()
    for name, parameter in (*encoder.named_parameters(), *head.named_parameters()):
        assert parameter.grad is not None, name


def test_statistics_travel_with_the_encoder():
    encoder = DateEncoder(3, 8).eval()
    encoder.mean.copy_(torch.tensor([1.0, 2.0, 3.0]))
    encoder.deviation.copy_(torch.tensor([2.0, 2.0, 2.0]))
    raw = torch.tensor([[3.0, 2.0, 1.0]])
    assert torch.equal(encoder.standardise(raw), torch.tensor([[1.0, 0.0, -1.0]]))
    assert torch.equal(encoder(raw), encoder.backbone(torch.tensor([[1.0, 0.0, -1.0]])))
    assert {"mean", "deviation"} <= encoder.state_dict().keys()
