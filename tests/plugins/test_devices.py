"""Every method and family runs on a GPU by the code that runs on processors.

`EOBENCH_TEST_DEVICE=cpu` runs the same cells on the processor, to try the tests themselves.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DEVICE = os.environ.get("EOBENCH_TEST_DEVICE", "cuda")
SERIES = "simulated-fields[samples=240,crops=4,regions=4,dates=12]"
NETWORK = "temp-cnn[hidden=8]"
TASKS = {
    "families": {
        "methods": ["supervised", "supervised[precision=bfloat16]"],
        "datasets": [SERIES],
        "supervision": ["full"],
        "base_models": [
            "bilstm[hidden=8]",
            "inceptiontime[hidden=4,layers=3,kernel=8]",
            "transformer[d_model=16,heads=2]",
            "mlstm-fcn[width=8,hidden=6]",
            "os-cnn[first_budget=32,second_budget=512,channel_limit=16]",
            "mlp-ltae[width=16,d_model=32,heads=4]",
            NETWORK,
        ],
    },
    "labels": {
        "methods": ["ncc", "random-forest[trees=10]", "svm", "1nn", "1nn-dtw", "tapnet", "dti-ts"],
        "datasets": [SERIES],
        "supervision": ["full"],
    },
    "proportions": {
        "methods": ["mean-proportion", "dllp", "rot", "llp-vat", "llp-plot", "llp-gan", "llp-co"],
        "datasets": [SERIES],
        "supervision": ["bags"],
        "bag_size": [32],
        "base_models": [NETWORK],
    },
    "nothing": {
        "methods": ["kmeans", "kmeans-dtw", "usrl-kmeans", "dtan-kmeans", "dti-ts"],
        "datasets": [SERIES],
        "supervision": ["none"],
    },
    "prototypes": {
        "methods": ["swav"],
        "datasets": [SERIES],
        "supervision": ["none"],
        "base_models": [NETWORK],
    },
    "pre-trained": {
        "methods": ["simclr", "scarf[width=8]", "scarf[width=8,finetune=true]"],
        "datasets": [SERIES],
        "supervision": ["full"],
        "base_models": [NETWORK],
    },
    "pairs": {
        "methods": ["bimodal-simclr[width=8]"],
        "datasets": ["simulated-pairs[samples=240,crops=4,regions=4,dates=12,modalities=s2]"],
        "pretrain_on": "simulated-pairs[samples=240,crops=4,regions=4,dates=12]",
        "supervision": ["full"],
        "base_models": [NETWORK],
    },
    "chips": {
        "methods": ["chip-llp"],
        "datasets": ["simulated-chips[samples=16,crops=4,regions=4]"],
        "supervision": ["regions"],
        "base_models": ["downconv", "qkm", "unet[width=4]"],
    },
    "patches": {
        "methods": ["dllp", "llp-co"],
        "datasets": ["simulated-patches[samples=160,crops=4,regions=4,dates=4]"],
        "supervision": ["bags"],
        "bag_size": [32],
        "base_models": ["resnet18[width=4]"],
    },
    "image-series": {
        "methods": ["supervised"],
        "datasets": ["simulated-series-images[samples=10,crops=4,regions=5,dates=4,size=32]"],
        "supervision": ["full"],
        "base_models": ["utae[width=16]"],
    },
}


def reason() -> str | None:
    import torch

    return "no GPU is at hand" if DEVICE == "cuda" and not torch.cuda.is_available() else None


@pytest.mark.parametrize("task", TASKS)
def test_every_cell_ends_well_on_the_device(task: str, tmp_path: Path) -> None:
    if missing := reason():
        pytest.skip(missing)
    tasks = {"name": "devices", "budget": {"steps": 3}, "tasks": [{"id": task, **TASKS[task]}]}
    (tmp_path / "tasks.yaml").write_text(json.dumps(tasks), encoding="utf-8")  # JSON is YAML
    words = ["run", "tasks.yaml", "--device", DEVICE, "--jobs", "1", "--json"]
    environment = {"EOBENCH_CACHE": str(tmp_path / "cache"), "EOBENCH_TRACKING": "off"}
    done = subprocess.run(
        [sys.executable, "-c", "from eobench.cli import main; main()", *words],
        cwd=tmp_path,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(done.stdout)["counts"]
    assert set(counts) == {"ok"}, counts
