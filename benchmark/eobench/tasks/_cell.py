"""One row to be: a cell of the task matrix, with everything that identifies it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from eobench.data import Knobs, LabelBudget, Supervision
from eobench.plugin import Budget, Selector, Value


@dataclass(frozen=True, slots=True)
class DatasetRef:
    """A data set as a cell names it.

    Attributes:
        name: of its card.
        params: all options of its card.
        split: resolved (the default split's name where none was chosen).
        modalities: chosen with `modalities=a+b`; empty: all.
        fingerprint: of the folder's content or of its recipe; None where the data is absent.
        folder: path of the sample folder; None where the data is absent. Not part of the identity.
        chosen: those options that differ from their defaults, for the label; None: all.
    """

    name: str
    params: Mapping[str, Value] = field(default_factory=dict)
    split: str | None = None
    modalities: tuple[str, ...] = ()
    fingerprint: str | None = None
    folder: str | None = None
    chosen: Mapping[str, Value] | None = None

    @property
    def label(self) -> str:
        """The readable selector, with the split always written out: `us_s2_cdl[split=zone]`."""
        shown: dict[str, Value] = dict(self.params if self.chosen is None else self.chosen)
        if self.split is not None:
            shown["split"] = self.split
        if self.modalities:
            shown["modalities"] = "+".join(self.modalities)
        return str(Selector(self.name, shown))


@dataclass(frozen=True, slots=True)
class BaseModelRef:
    """A base model with its configuration.

    Attributes:
        family: name of its card.
        params: all options of its card.
        space: the search space it was drawn from; None where it was written out.
        draw: its number among the draws of (family, space, seed); None where it was written out.
        chosen: those options that differ from their defaults, for the label; None: all.
    """

    family: str
    params: Mapping[str, Value]
    space: str | None = None
    draw: int | None = None
    chosen: Mapping[str, Value] | None = None

    @property
    def label(self) -> str:
        """`bilstm#3` for a draw, `bilstm[hidden=32,...]` where it was written out."""
        if self.draw is not None:
            return f"{self.family}#{self.draw}"
        return str(Selector(self.family, self.params if self.chosen is None else self.chosen))


@dataclass(frozen=True, slots=True)
class Cell:
    """One row to be.

    Attributes:
        task: id of the task that asked for it.
        method: name of the method's card.
        method_params: all its options.
        method_label: as requested, such as `scarf[corruption=0.2]`: only the options that were written.
        dataset: what it learns from.
        test_on: another data set whose test rows are scored; None: its own.
        pretrain_on: another data set for pre-training; None: its own.
        supervision: level and its knobs.
        knobs: of the task.
        base_model: None where the method needs none.
        seed: of the task.
        budget: in numbers; None where the method has none.
        threads: of the cell.
        pair_on: method options that pair blocks on the leaderboard.
        key: SHA-256 of the identity, hex.
        identity: the fields that were hashed, as canonical JSON values (for `why`).
        status: `planned`, `unsupported` or `skipped`.
        reason: why it is unsupported or skipped.
    """

    task: str
    method: str
    method_params: Mapping[str, Value]
    method_label: str
    dataset: DatasetRef
    supervision: Supervision
    knobs: Knobs
    seed: int
    threads: int
    test_on: DatasetRef | None = None
    pretrain_on: DatasetRef | None = None
    base_model: BaseModelRef | None = None
    budget: Budget | None = None
    pair_on: tuple[str, ...] = ()
    key: str = ""
    identity: Mapping[str, Any] = field(default_factory=dict)
    status: str = "planned"
    reason: str | None = None

    @property
    def label(self) -> str:
        """One readable line: method, data set, level with its knobs, base model, seed."""
        level = self.supervision
        knobs = [
            str(k)
            for k in (level.labels, level.per_class, level.bag_size, level.by, level.source, level.error)
            if k is not None
        ]
        words = [self.method_label, self.dataset.label, level.level + (f"({', '.join(knobs)})" if knobs else "")]
        if self.base_model is not None:
            words.append(self.base_model.label)
        return " ".join([*words, f"seed {self.seed}"])

    def to_json(self) -> dict[str, Any]:
        """Return the cell as JSON values, for a worker process; `from_json` gives an equal cell."""
        made = asdict(self)
        made["pair_on"] = list(self.pair_on)
        for name in ("dataset", "test_on", "pretrain_on"):
            if made[name] is not None:
                made[name]["modalities"] = list(made[name]["modalities"])
        for name in ("classes", "score_classes"):
            made["knobs"][name] = list(made["knobs"][name])
        return made

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Cell:
        """Return the cell that `to_json` wrote."""
        made = dict(value)
        for name in ("dataset", "test_on", "pretrain_on"):
            if made[name] is not None:
                made[name] = DatasetRef(**{**made[name], "modalities": tuple(made[name]["modalities"])})
        level, knobs = dict(made["supervision"]), dict(made["knobs"])
        level["labels"] = None if level["labels"] is None else LabelBudget(**level["labels"])
        for name in ("classes", "score_classes"):
            knobs[name] = tuple(knobs[name])
        made["supervision"], made["knobs"] = Supervision(**level), Knobs(**knobs)
        made["base_model"] = None if made["base_model"] is None else BaseModelRef(**made["base_model"])
        made["budget"] = None if made["budget"] is None else Budget(**made["budget"])
        made["pair_on"] = tuple(made["pair_on"])
        return cls(**made)
