"""Nearest class mean, k-means, deformable prototypes; their paper's tables. Cards only; the rest when used."""

from eobench.plugin import MethodCard, Param, SuiteCard, hookimpl
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


@hookimpl
def eobench_suites() -> list[SuiteCard]:
    """Return the paper's tables."""
    return [
        SuiteCard(
            name="agriitsc",
            summary="Tables 2, 3 and 4 of Vincent et al.: prototypes and their rivals, with labels and without",
            load="eobench_prototypes:suites/agriitsc.yaml",
        ),
        SuiteCard(
            name="agriitsc-images",
            summary="Table 2's UTAE beside pixel-wise methods, on the pixels of simulated image series",
            load="eobench_prototypes:suites/agriitsc-images.yaml",
        ),
    ]
