"""Classifiers of series. Cards only; what they describe is imported when used."""

from eobench.plugin import MethodCard, Param, hookimpl


@hookimpl
def eobench_methods() -> list[MethodCard]:
    """Return `random-forest`."""
    return [
        MethodCard(
            name="random-forest",
            summary="Random forest on linearly filled series, every (step, band) a feature",
            load="eobench_timeseries._forest:RandomForest",
            citation="Breiman, Random forests, Machine Learning 45, 2001; scikit-learn",
            levels=("full", "few"),
            targets=("class", "dense"),
            outputs=("classes", "probabilities"),
            params=(
                Param("trees", 300, "number of trees", minimum=1),
                Param("max_features", "sqrt", "features tried at a split", choices=("sqrt", "log2", "all")),
                Param(
                    "max_depth", None, "deepest level of a tree; null: until leaves are pure", kind=int, minimum=1
                ),
                Param("min_leaf", 1, "fewest samples in a leaf", minimum=1),
                Param("class_weight", "none", "weigh classes alike or as they come", choices=("none", "balanced")),
                Param("fill", "linear", "how gaps are filled", choices=("linear", "gaussian")),
                Param(
                    "fit_rows",
                    100_000,
                    "most labelled rows (pixels) that are learned from, a seeded draw; null: all",
                    kind=int,
                    minimum=1,
                ),
            ),
        ),
    ]
