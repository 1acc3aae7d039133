"""Checks of a base model's networks as functions: shapes, numbers, modes, independence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from eobench.testing._base_model_subject import BASE_MODEL, BaseModelSubject, batch, close, quiet, seeded
from eobench.testing._checks import CheckFailed
from eobench.testing._surroundings import require_global_state_kept, without_network


@BASE_MODEL.check
def builds_for_every_shape(model: BaseModelSubject) -> None:
    """It builds for every shape of its input kind, short and one-band ones too, or refuses one clearly."""
    taken = [shape for shape, _ in model.shapes()]
    model.note(", ".join("x".join(map(str, shape)) for shape in taken))


@BASE_MODEL.check
def forward_gives_logits(model: BaseModelSubject) -> None:
    """forward(x) gives float32 logits (B, K), or maps (B, K, h, w); no softmax."""
    for shape, outputs in model.shapes():
        logits = _forward(model.build(shape, outputs), batch(shape, 5))
        wanted = "(B, K, h, w)" if model.card.gives == "map" else "(B, K)"
        rank = 4 if model.card.gives == "map" else 2
        if logits.ndim != rank or tuple(logits.shape[:2]) != (5, outputs) or logits.dtype != torch.float32:
            raise CheckFailed(
                f"for 5 samples of shape {shape} and {outputs} outputs forward gives {logits.dtype} "
                f"{tuple(logits.shape)}; it must give float32 {wanted}"
            )
        total = logits.exp().sum(dim=1)
        if close(total, torch.ones_like(total)) or close(logits.sum(dim=1), torch.ones_like(total)):
            raise CheckFailed("forward gives (log-)probabilities; losses take logits: leave the softmax out")


@BASE_MODEL.check
def features_give_one_vector_a_sample(model: BaseModelSubject) -> None:
    """features(x) gives float32 (B, D), the same D for every batch."""
    for shape, outputs in model.shapes():
        network = model.build(shape, outputs).eval()
        if not callable(getattr(network, "features", None)):
            raise CheckFailed("the network has no features(x): contrastive methods and embeddings need it")
        sizes = set()
        for count in (1, 5):
            with quiet():
                features = network.features(batch(shape, count))  # type: ignore[operator]
            if features.ndim != 2 or len(features) != count or features.dtype != torch.float32:
                raise CheckFailed(
                    f"for {count} samples of shape {shape} features gives {features.dtype} "
                    f"{tuple(features.shape)}; it must give float32 (B, D)"
                )
            sizes.add(features.shape[1])
        if len(sizes) > 1:
            raise CheckFailed(f"features gives vectors of {sorted(sizes)} numbers for batches of 1 and 5")


@BASE_MODEL.check
def outputs_are_finite_for_extreme_inputs(model: BaseModelSubject) -> None:
    """Zeros, constants and large values give finite outputs, in training and in evaluation."""
    shape = model.shape
    extremes = {
        "zeros": torch.zeros(4, *shape),
        "ones": torch.ones(4, *shape),
        "values of 10,000": 1e4 * batch(shape),
        "values of 1e-6": 1e-6 * batch(shape),
        "equal samples": batch(shape, 1).repeat(4, *(1,) * len(shape)),
    }
    for words, x in extremes.items():
        for training in (False, True):
            network = model.build().train(training)
            with quiet(), seeded(0):
                out = network(x)
            if not torch.isfinite(out).all():
                mode = "training" if training else "evaluation"
                raise CheckFailed(f"{words} give NaN or infinite logits in {mode}: is something divided by 0?")


@BASE_MODEL.check
def evaluation_is_deterministic(model: BaseModelSubject) -> None:
    """In evaluation the same batch gives the same logits again, whatever the random state."""
    network, x = model.build().eval(), batch(model.shape)
    outputs = []
    for seed in (0, 1):
        with seeded(seed), quiet():
            outputs.append(network(x))
    if not torch.equal(*outputs):
        raise CheckFailed("two passes differ in eval mode: use nn.Dropout or check self.training")


@BASE_MODEL.check
def samples_do_not_see_each_other(model: BaseModelSubject) -> None:
    """In evaluation a sample's logits are the same alone and in any batch; a batch of one works."""
    network, x = model.build().eval(), batch(model.shape, 6)
    whole = _forward(network, x)
    alone = torch.cat([_forward(network, x[i : i + 1]) for i in range(len(x))])
    if not close(whole, alone):
        raise CheckFailed("a sample's logits depend on its batch in eval mode: normalise by running statistics")
    if not close(whole.flip(0), _forward(network, x.flip(0))):
        raise CheckFailed("a sample's logits depend on its place in the batch")


@BASE_MODEL.check
def inputs_are_not_changed(model: BaseModelSubject) -> None:
    """Neither forward nor features writes into the batch that it is given."""
    for training in (False, True):
        for name in ("forward", "features"):
            network = model.build().train(training)
            x = batch(model.shape)
            kept = x.clone()
            with quiet(), seeded(0):
                getattr(network, name)(x)
            if not torch.equal(x, kept):
                raise CheckFailed(f"{name} changes its input in place: copy it first (x = x + ..., not x += ...)")


@BASE_MODEL.check
def runs_without_gradients(model: BaseModelSubject) -> None:
    """It runs under torch.no_grad and inference_mode, on batches of any memory layout, with the same logits."""
    network, x = model.build().eval(), batch(model.shape)
    last = torch.stack(list(x.unbind(-1)), dim=0)  # the last axis lies first in memory
    strided = last.permute(*range(1, last.ndim), 0)
    wanted = network(x).detach()
    with torch.inference_mode():
        inference = network(x)
    for words, found in (
        ("no_grad", _forward(network, x)),
        ("inference_mode", inference),
        ("a batch that is not contiguous", _forward(network, strided)),
    ):
        if not close(wanted, found):
            raise CheckFailed(f"under {words} the logits differ")


@BASE_MODEL.check
def global_state_is_left_alone(model: BaseModelSubject) -> None:
    """Building and running draw from torch's random state only, and change no setting of the process."""
    require_global_state_kept(lambda: model.make().build(model.shape, 3), draws=True)
    network, x = model.build(), batch(model.shape)
    require_global_state_kept(lambda: _forward(network, x))
    require_global_state_kept(lambda: network.train()(x), draws=True)


@BASE_MODEL.check
def works_on_cpu_without_network(model: BaseModelSubject) -> None:
    """It builds and runs on the CPU in float32 without network, as it is made."""
    with without_network():
        try:
            network = model.build()
            _forward(network, batch(model.shape))
        except OSError as error:
            raise CheckFailed(f"without network: {type(error).__name__}: {error}") from error
    for name, tensor in (*network.named_parameters(), *network.named_buffers()):
        if tensor.device.type != "cpu":
            raise CheckFailed(f"{name} lies on {tensor.device}: training methods move networks, build() does not")
        if tensor.is_floating_point() and tensor.dtype != torch.float32:
            raise CheckFailed(f"{name} is {tensor.dtype}; networks are float32")


def _forward(network: nn.Module, x: torch.Tensor) -> torch.Tensor:
    call: Callable[..., Any] = network.eval()
    with quiet():
        logits = call(x)
    if not isinstance(logits, torch.Tensor):
        raise CheckFailed(f"forward gives a {type(logits).__name__}; it must give one tensor of logits")
    return logits
