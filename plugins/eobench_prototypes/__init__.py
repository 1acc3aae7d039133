"""Nearest class mean, k-means, deformable prototypes. Cards only; what they describe is imported when used."""

from eobench.plugin import MethodCard, Param, hookimpl
from eobench_prototypes._cards import DISTANCE, DTI_TS, FILL, SCALING, VINCENT


@hookimpl
def eobench_methods() -> list[MethodCard]:
    """Return `ncc`, `kmeans` and `dti-ts`."""
    return [
        MethodCard(
            name="ncc",
            summary="Nearest class mean of filled, standardised series (Euclidean)",
            load="eobench_prototypes._ncc:NearestClassMean",
            citation=VINCENT,
            levels=("full", "few"),
            targets=("class", "dense"),
            outputs=("classes", "reconstruction"),
            params=(SCALING, FILL, DISTANCE),
        ),
        MethodCard(
            name="kmeans",
            summary="k-means on filled, standardised series; gives clusters without names",
            load="eobench_prototypes._kmeans:KMeansClustering",
            citation=VINCENT,
            levels=("none",),
            targets=("class", "dense"),
            outputs=("clusters", "reconstruction"),
            params=(
                Param("clusters", 32, "number of clusters", minimum=2),
                SCALING,
                FILL,
                DISTANCE,
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
        DTI_TS,
    ]
