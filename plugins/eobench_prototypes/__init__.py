"""Prototype methods: nearest class mean and k-means. Cards only; what they describe is imported when used."""

from eobench.plugin import MethodCard, Param, hookimpl

_VINCENT = "Vincent et al., Pixel-wise agricultural image time series classification, 2023"
_SCALING = Param(
    "scaling",
    "band",
    "standardise each band over all train values, each (step, band) of its own, or nothing",
    choices=("band", "feature", "none"),
)
_FILL = Param(
    "fill",
    "linear",
    "how gaps are filled; gaussian has a width of 7 days (Vincent et al., Eq 11-13)",
    choices=("linear", "gaussian"),
)


@hookimpl
def eobench_methods() -> list[MethodCard]:
    """Return `ncc` and `kmeans`."""
    return [
        MethodCard(
            name="ncc",
            summary="Nearest class mean of filled, standardised series (Euclidean)",
            load="eobench_prototypes._ncc:NearestClassMean",
            citation=_VINCENT,
            levels=("full", "few"),
            targets=("class", "dense"),
            outputs=("classes",),
            params=(
                _SCALING,
                _FILL,
                Param(
                    "distance",
                    "filled",
                    "squared distance over the filled series, or weighted by how well each step was observed",
                    choices=("filled", "masked"),
                ),
            ),
        ),
        MethodCard(
            name="kmeans",
            summary="k-means on filled, standardised series; gives clusters without names",
            load="eobench_prototypes._kmeans:KMeansClustering",
            citation=_VINCENT,
            levels=("none",),
            targets=("class", "dense"),
            outputs=("clusters",),
            params=(
                Param("clusters", 32, "number of clusters", minimum=2),
                _SCALING,
                _FILL,
                Param("init", "k-means++", "how the first centres are chosen", choices=("k-means++", "random")),
                Param("restarts", 1, "runs from different first centres; the tightest is kept", minimum=1),
                Param("iterations", 300, "most passes of one run", minimum=1),
                Param(
                    "fit_rows",
                    100_000,
                    "rows clustered at most (a seeded draw); null: all",
                    kind=int,
                    minimum=1,
                ),
            ),
        ),
    ]
