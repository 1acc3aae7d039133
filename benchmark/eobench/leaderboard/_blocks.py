"""Contenders and blocks: which cells may be compared with which."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eobench.data import EobenchError
from eobench.leaderboard._format import texts
from eobench.plugin import Selector, Value

# Cells are comparable only where all of these are equal. The training budget, threads and the data set of the
# pre-training belong to the contender: `quick` means other numbers for every method, and nothing would compare.
TASK = (
    "dataset_label",
    "split",
    "test_on",
    "supervision",
    "labels",
    "bag_size",
    "redraws",
    "regions",
    "source",
    "census_error",
    "knobs",
)
BASE = ("base_model", "base_model_params", "space", "draw")

Codes = NDArray[np.int64]


def contender(method_label: str, pair_on: Iterable[str]) -> str:
    """Return the method as requested, without the options that pair blocks: `scarf[corruption=0.2]` -> `scarf`.

    Raises:
        SelectorError: the label is not of the form `name[param=value,...]`.
    """
    left_out = set(pair_on)
    if not left_out:
        return method_label
    selector = Selector.parse(method_label)
    return str(Selector(selector.name, {k: v for k, v in selector.params.items() if k not in left_out}))


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The `ok` cells of a board as integer codes, so that comparisons are joins of integers.

    Attributes:
        frame: n rows of the board, renumbered.
        names: C contenders, in alphabetical order.
        contender: (n,) index into `names`.
        task: (n,) code of the columns `TASK`.
        core: (n,) code of the columns `TASK` and the seed.
        base: (n,) code of the columns `BASE`; -1: the method needs no base model.
        pair: (n, P) code of the value of each option in `options`; -1: the method has no such option.
        options: P names of options that pair blocks anywhere on the board.
        values: P lists of values, by code.
        warnings: what a reader should know.
    """

    frame: pd.DataFrame
    names: tuple[str, ...]
    contender: Codes
    task: Codes
    core: Codes
    base: Codes
    pair: Codes
    options: tuple[str, ...]
    values: tuple[tuple[Value, ...], ...]
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Cells:
        """Return the cells of a board's results.

        Raises:
            EobenchError: the board mixes fingerprints of a data set or versions of the protocol.
        """
        refuse_mixtures(frame)
        labels = contenders(frame)
        kept = (frame["status"] == "ok").to_numpy(bool)
        frame, labels = frame[kept].reset_index(drop=True), labels[kept].reset_index(drop=True)
        names = tuple(sorted(labels.unique()))
        options, values, pair = _paired(frame)
        base = codes_of(frame, BASE)
        base[frame["base_model"].isna().to_numpy(bool)] = -1
        made = cls(
            frame,
            names,
            np.searchsorted(np.array(names, object), labels.to_numpy(object)) if names else np.zeros(0, np.int64),
            codes_of(frame, TASK),
            codes_of(frame, (*TASK, "seed")),
            base,
            pair,
            options,
            values,
        )
        return made._checked()

    def __len__(self) -> int:
        return len(self.frame)

    def pairing(self, row: int) -> dict[str, Value]:
        """Return the values of the options that pair the block of one row."""
        codes = zip(self.options, self.values, self.pair[row], strict=True)
        return {option: values[code] for option, values, code in codes if code >= 0}

    def pairs(self) -> tuple[Codes, Codes]:
        """Return every two cells that may be compared: (M,) and (M,) rows, the first contender's code smaller.

        Two cells of different contenders meet where task and seed are equal, and the base model (family,
        configuration, draw) and every option in `options` are equal or missing from one of the two. So a forest
        meets each draw of a network, and a method without the paired option meets each of its values; but two
        methods that both lack it meet once, not once for each value that a third method has.
        """
        networks, plain = np.flatnonzero(self.base >= 0), np.flatnonzero(self.base < 0)
        exact = self.core * (int(self.base.max(initial=-1)) + 1) + self.base
        met = [
            _join(networks, exact, networks, exact),
            _join(plain, self.core, plain, self.core),
            _join(plain, self.core, networks, self.core),
            _join(networks, self.core, plain, self.core),
        ]
        left, right = (np.concatenate([m[side] for m in met]) for side in (0, 1))
        kept = self.contender[left] < self.contender[right]
        left, right = left[kept], right[kept]
        for codes in self.pair.T:
            kept = (codes[left] == codes[right]) | (codes[left] < 0) | (codes[right] < 0)
            left, right = left[kept], right[kept]
        return left, right

    def _checked(self) -> Cells:
        """A contender that stands twice in a block would be counted twice: keep the first, and say so."""
        place = np.column_stack([self.contender, self.core, self.base, self.pair])
        twice = pd.DataFrame(place).duplicated().to_numpy(bool)
        if not twice.any():
            return self
        which = sorted({self.names[c] for c in self.contender[twice]})
        warning = (
            f"{int(twice.sum())} cells of {', '.join(which)} stand in a block that already holds one of the same "
            f"method (an option left out of the label?): only the first is compared"
        )
        once = ~twice
        return Cells(
            self.frame[once].reset_index(drop=True),
            self.names,
            self.contender[once],
            self.task[once],
            self.core[once],
            self.base[once],
            self.pair[once],
            self.options,
            self.values,
            (*self.warnings, warning),
        )


def contenders(frame: pd.DataFrame) -> pd.Series[Any]:
    """Return the contender of every row of a board.

    A data set of pre-training is part of the name; budget and threads are where one method has several.
    """
    keys = list(zip(frame["method_label"].tolist(), frame["pair_on"].map(_options), strict=True))
    known = {key: contender(*key) for key in set(keys)}
    labels = np.array([known[key] for key in keys] or [], object)
    away = frame["pretrain_on"].notna().to_numpy(bool)
    labels[away] += " (pre-trained on " + texts(frame["pretrain_on"])[away] + ")"
    for column, unit in (("budget", ""), ("threads", " threads")):
        shown = texts(frame[column])
        several = pd.Series(shown).groupby(labels).transform("nunique").to_numpy() > 1
        several &= shown != ""
        labels[several] += " (" + shown[several] + unit + ")"
    return pd.Series(labels, index=frame.index, dtype=object)


def refuse_mixtures(frame: pd.DataFrame) -> None:
    """Raise an EobenchError where rows cannot stand on one board: other data, or another protocol."""
    versions = sorted(int(v) for v in frame["protocol"].dropna().unique())
    if len(versions) > 1:
        raise EobenchError(
            f"the rows were scored under protocol versions {', '.join(map(str, versions))}: a board holds one; "
            f"run the older cells again"
        )
    prints = frame.dropna(subset=["fingerprint"]).groupby("dataset_label")["fingerprint"].unique()
    for label, found in prints.items():
        if len(found) > 1:
            raise EobenchError(
                f"data set {label!r} stands with {len(found)} fingerprints ({', '.join(f[:12] for f in found)}): "
                f"its data changed between the cells, and they cannot be compared; run the older cells again"
            )


def _options(value: Any) -> tuple[str, ...]:
    return () if value is None or (isinstance(value, float) and np.isnan(value)) else tuple(map(str, value))


def _paired(frame: pd.DataFrame) -> tuple[tuple[str, ...], tuple[tuple[Value, ...], ...], Codes]:
    """Options, their values, and (n, P) codes; an option that a row's task does not pair on is missing (-1)."""
    asked = [_options(v) for v in frame["pair_on"]]
    options = tuple(sorted({option for given in asked for option in given}))
    codes = np.full((len(frame), len(options)), -1, np.int64)
    values: list[dict[str, int]] = [{} for _ in options]
    for row, (given, text) in enumerate(zip(asked, frame["method_params"], strict=True)):
        if not given:
            continue
        params = _params(text)
        for option in given:
            if option in params:
                known = values[options.index(option)]
                codes[row, options.index(option)] = known.setdefault(json.dumps(params[option]), len(known))
    return options, tuple(tuple(json.loads(v) for v in known) for known in values), codes


def _params(text: Any) -> Mapping[str, Value]:
    if not isinstance(text, str):
        return {}
    try:
        params = json.loads(text)
    except ValueError as error:
        raise EobenchError(f"column 'method_params': expected a JSON object, found {text!r:.80}") from error
    return params if isinstance(params, dict) else {}


def codes_of(frame: pd.DataFrame, columns: Iterable[str]) -> Codes:
    """(n,) one integer for each distinct combination; null is a value like any other."""
    total = np.zeros(len(frame), np.int64)
    for column in columns:
        codes, uniques = pd.factorize(frame[column])
        total = total * (len(uniques) + 1) + codes + 1
        total = np.unique(total, return_inverse=True)[1].astype(np.int64)  # stays below n: never overflows
    return total


def _join(left: Codes, left_keys: Codes, right: Codes, right_keys: Codes) -> tuple[Codes, Codes]:
    """All pairs of rows with equal keys."""
    order = right[np.argsort(right_keys[right], kind="stable")]
    sorted_keys = right_keys[order]
    keys = left_keys[left]
    first = np.searchsorted(sorted_keys, keys, "left")
    counts = np.searchsorted(sorted_keys, keys, "right") - first
    starts = np.repeat(np.cumsum(counts) - counts - first, counts)
    return np.repeat(left, counts), order[np.arange(counts.sum()) - starts]
