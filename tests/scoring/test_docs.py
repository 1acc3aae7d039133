"""docs/metrics.md says what there is, and its example works."""

import re
from pathlib import Path

import numpy as np

from eobench.plugin import Predictions, Scoring
from eobench.scoring import eobench_metrics, score

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()


def test_every_column_stands_in_the_table_and_no_other():
    documented = re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE)
    assert sorted(documented) == sorted(c.name for card in eobench_metrics() for c in card.columns)


def test_the_example_scores(monkeypatch):
    space = {}
    exec(re.search(r"```python\n(.*?)```", PAGE, flags=re.DOTALL).group(1), space)
    (card,) = space["eobench_metrics"]()
    monkeypatch.setattr(type(card), "load_object", lambda self: space["WorstRecall"])
    given = Scoring("full", ("a", "b"), np.array([0, 0, 1], np.int16), Predictions(classes=np.array([0, 1, 1])))
    assert score(given, {card.name: card}, "class") == {"worst_recall": 0.5}
