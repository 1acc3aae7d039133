"""What `eobench doctor` asks of processes of their own: each tells what it finds, line by line, as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Tell = Callable[[Mapping[str, Any]], object]


def main(arguments: Sequence[str]) -> None:
    """Answer one topic."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what others print, C code too, is not ours

    def tell(values: Mapping[str, Any]) -> None:
        out.write(json.dumps(values) + "\n")
        out.flush()

    topic, *rest = arguments
    TOPICS[topic](tell, *rest)
    tell({"done": True})
    os._exit(0)  # nothing that an import left behind may turn this into a crash


def torch(tell: Tell) -> None:
    """Import torch and torchvision, and use both, on the GPU too where there is one."""
    try:
        import torch
    except Exception as error:
        tell({"torch_error": _said(error)})
        return
    tell({"torch": str(torch.__version__), "built_for": torch.version.cuda or getattr(torch.version, "hip", None)})
    try:
        tell({"gpus": _gpus()})
    except Exception as error:
        tell({"gpu_error": _said(error)})
    try:
        tell(_torchvision("cpu"))
    except Exception as error:
        tell({"torchvision_error": _said(error)})
        return
    if torch.cuda.is_available():
        try:
            _torchvision("cuda")
        except Exception as error:
            tell({"torchvision_gpu_error": _said(error)})


def _gpus() -> list[dict[str, Any]]:
    import torch

    found = []
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        free, total = torch.cuda.mem_get_info(index)
        ones = torch.ones(8, 8, device=f"cuda:{index}")
        if float((ones @ ones).sum()) != 512:
            raise RuntimeError(f"cuda:{index} multiplies wrongly")
        found.append({"name": torch.cuda.get_device_name(index), "free": free, "total": total})
    return found


def _torchvision(device: str) -> dict[str, Any]:
    """Use one of torchvision's own C++ operators: they are missing where it was built for another torch."""
    import torch
    import torchvision  # type: ignore[import-untyped,unused-ignore]

    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0]], device=device)
    kept = torchvision.ops.nms(boxes, torch.tensor([0.9, 0.8], device=device), 0.5)
    if kept.tolist() != [0]:
        raise RuntimeError(f"torchvision.ops.nms keeps {kept.tolist()}, not [0]")
    return {"torchvision": str(torchvision.__version__)}


def plugins(tell: Tell, data: str, cache: str, *modules: str) -> None:
    """Find all plugins, and how many of each kind they give."""
    from eobench.plugin import Places, PluginError, discover

    try:
        found = discover(Places(Path(data) if data else None, Path(cache)), modules)
    except PluginError as error:
        tell({"refused": str(error)})
        return
    kinds = ("methods", "datasets", "base_models", "metrics", "suites", "executors", "listeners")
    states = [
        {"name": p.name, "module": p.module, "from": p.distribution, "broken": p.broken} for p in found.plugins
    ]
    tell({"plugins": states, "counts": {kind: len(getattr(found, kind)) for kind in kinds}})


def mlflow(tell: Tell, uri: str) -> None:
    """Ask a tracking server that is neither HTTP nor SQLite for one experiment."""
    from mlflow import MlflowClient

    MlflowClient(tracking_uri=uri).search_experiments(max_results=1)
    tell({"reachable": True})


TOPICS: Mapping[str, Callable[..., None]] = {"torch": torch, "plugins": plugins, "mlflow": mlflow}


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split()):.300}"
