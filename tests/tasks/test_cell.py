"""A cell goes to a worker process as JSON and comes back equal, whatever it holds."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from eobench.data import LEVELS, Knobs, LabelBudget, Supervision
from eobench.plugin import Budget
from eobench.tasks import BaseModelRef, Cell, DatasetRef, data_seed, method_seed

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.text(min_size=1, max_size=4)
PARAMS = st.dictionaries(NAMES, st.none() | st.booleans() | st.integers() | NUMBERS | NAMES, max_size=3)
TEXTS = st.lists(NAMES, max_size=3).map(tuple)
COUNTS = st.none() | st.integers(1, 10**6)
LABELS = st.builds(LabelBudget, per_class=st.integers(1, 99)) | st.builds(LabelBudget, percent=NUMBERS)
REFS = st.builds(
    DatasetRef,
    name=NAMES,
    params=PARAMS,
    split=st.none() | NAMES,
    modalities=TEXTS,
    fingerprint=st.none() | NAMES,
    folder=st.none() | NAMES,
    chosen=st.none() | PARAMS,
)
LEVEL = st.builds(
    Supervision,
    level=st.sampled_from(LEVELS),
    per_class=COUNTS,
    labels=st.none() | LABELS,
    bag_size=COUNTS,
    redraws=COUNTS,
    by=st.none() | NAMES,
    area=st.sampled_from([None, "train", "all"]),
    source=st.sampled_from([None, "table", "perturbed"]),
    error=st.none() | NUMBERS,
)
KNOBS = st.builds(
    Knobs,
    transductive=st.booleans(),
    classes=TEXTS,
    score_classes=TEXTS,
    score_on=st.sampled_from(["test", "val"]),
    exclude=st.none() | NAMES,
)
MODELS = st.builds(BaseModelRef, family=NAMES, params=PARAMS, space=st.none() | NAMES, draw=COUNTS)
BUDGETS = st.builds(Budget, steps=st.integers(1)) | st.builds(Budget, seconds=NUMBERS)
CELLS = st.builds(
    Cell,
    task=NAMES,
    method=NAMES,
    method_params=PARAMS,
    method_label=NAMES,
    dataset=REFS,
    supervision=LEVEL,
    knobs=KNOBS,
    seed=st.integers(0, 2**63 - 1),
    threads=st.integers(1, 64),
    test_on=st.none() | REFS,
    pretrain_on=st.none() | REFS,
    base_model=st.none() | MODELS,
    budget=st.none() | BUDGETS,
    pair_on=TEXTS,
    key=NAMES,
    identity=PARAMS.map(lambda p: {"other": p}),
    status=st.sampled_from(["planned", "unsupported", "skipped"]),
    reason=st.none() | NAMES,
)


@given(CELLS)
def test_a_cell_comes_back_equal_with_equal_seeds(cell):
    back = Cell.from_json(json.loads(json.dumps(cell.to_json(), allow_nan=False)))
    assert back == cell
    assert (data_seed(back), method_seed(back), back.label) == (data_seed(cell), method_seed(cell), cell.label)


@given(CELLS)
def test_seeds_are_numbers_that_every_library_holds(cell):
    assert 0 <= data_seed(cell) < 2**63
    assert 0 <= method_seed(cell) < 2**63
