"""Methods that learn from label proportions, and the network for patches, keep their contracts."""

from __future__ import annotations

from eobench.testing import BaseModelContract


class TestResNet18(BaseModelContract):
    base_model = "resnet18[width=4]"
