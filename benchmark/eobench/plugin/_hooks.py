"""The hooks that a plugin implements. All give cards; none may import anything heavy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pluggy

from eobench.plugin._cards import (
    BaseModelCard,
    DatasetCard,
    ExecutorCard,
    ListenerCard,
    MethodCard,
    MetricCard,
    SuiteCard,
)

PROJECT = "eobench"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin's module as the implementation of the hook of its name."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie on this machine.

    Attributes:
        data: the read-only data root (`--data`, `EOBENCH_DATA`), or None.
        cache: generated and converted folders, stages and run state (`EOBENCH_CACHE`).
    """

    data: Path | None
    cache: Path


class Hooks:
    """The hook specifications. A plugin implements any of them, each marked with `@hookimpl`."""

    @hookspec
    def eobench_methods(self) -> list[MethodCard]:  # type: ignore[empty-body]
        """Return the methods that the plugin gives."""

    @hookspec
    def eobench_datasets(self, places: Places) -> list[DatasetCard]:  # type: ignore[empty-body]
        """Return the data sets that the plugin gives; `places` says where data lies."""

    @hookspec
    def eobench_base_models(self) -> list[BaseModelCard]:  # type: ignore[empty-body]
        """Return the network families that the plugin gives."""

    @hookspec
    def eobench_metrics(self) -> list[MetricCard]:  # type: ignore[empty-body]
        """Return the metrics that the plugin gives."""

    @hookspec
    def eobench_executors(self) -> list[ExecutorCard]:  # type: ignore[empty-body]
        """Return the executors that the plugin gives."""

    @hookspec
    def eobench_suites(self) -> list[SuiteCard]:  # type: ignore[empty-body]
        """Return the task files that the plugin ships."""

    @hookspec
    def eobench_listeners(self) -> list[ListenerCard]:  # type: ignore[empty-body]
        """Return the listeners that hear of every run."""
