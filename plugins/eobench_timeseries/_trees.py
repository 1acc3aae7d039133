"""What is inside a forest: counted, and checked before a loaded one may predict."""

from __future__ import annotations

from typing import Any

import numpy as np

# skops marks Tree as unsafe because scikit-learn follows node numbers without checking them: a crafted file could
# read foreign memory. `check_forest` checks every number before the trees are used, so it may be trusted.
TRUSTED = ("sklearn.tree._tree.Tree",)


def count_parameters(model: Any) -> int:
    """Return the learned numbers: feature and threshold of each split, class shares of each leaf."""
    total = 0
    for estimator in model.estimators_:
        tree = estimator.tree_
        leaves = int(tree.n_leaves)
        total += 2 * (int(tree.node_count) - leaves) + leaves * len(model.classes_)
    return total


def check_forest(model: Any, classes: int) -> None:
    """Check a loaded model, so that predicting with it stays inside its arrays and ends.

    Args:
        model: what skops gave.
        classes: K.

    Raises:
        ValueError: it is no forest of decision trees over these classes, or a tree's nodes are inconsistent.
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.tree import DecisionTreeClassifier

    if type(model) is not RandomForestClassifier:
        raise ValueError(f"a {type(model).__name__}, not a RandomForestClassifier")
    names = np.asarray(model.classes_)
    if names.ndim != 1 or names.dtype.kind not in "iu" or not len(names):
        raise ValueError("class indices are missing")
    if names.min() < 0 or names.max() >= classes or len(np.unique(names)) != len(names):
        raise ValueError(f"class indices outside the {classes} classes")
    if not model.estimators_ or model.n_outputs_ != 1 or model.n_classes_ != len(names):
        raise ValueError("no trees, or trees of other classes")
    for estimator in model.estimators_:
        if type(estimator) is not DecisionTreeClassifier or estimator.n_features_in_ != model.n_features_in_:
            raise ValueError("an estimator is no decision tree of these features")
        _check_tree(estimator.tree_, int(model.n_features_in_), len(names))


def _check_tree(tree: Any, features: int, classes: int) -> None:
    """Children come after their parents (as the depth-first builder leaves them), so that no path is endless."""
    left, right = np.asarray(tree.children_left), np.asarray(tree.children_right)
    count = int(tree.node_count)
    if count < 1 or len(left) != count or tree.n_features != features:
        raise ValueError("a tree has no nodes or other features")
    if tree.value.shape != (count, 1, classes):
        raise ValueError("a tree's leaves have other classes")
    inner = left != -1
    if not np.array_equal(inner, right != -1):
        raise ValueError("a tree's node has one child")
    here = np.flatnonzero(inner)
    for child in (left[inner], right[inner]):
        if (child <= here).any() or (child >= count).any():
            raise ValueError("a tree's child lies outside its nodes")
    feature = np.asarray(tree.feature)[inner]
    if (feature < 0).any() or (feature >= features).any():
        raise ValueError("a tree splits on a feature that is not there")
