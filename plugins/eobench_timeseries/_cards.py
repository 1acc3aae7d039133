"""Cards of the classifiers and clusterings of series. Light: nothing heavy is imported."""

from __future__ import annotations

from dataclasses import replace

from eobench.plugin import Budget, MethodCard, Param
from eobench_base_models.options import PRECISION

VINCENT = "Vincent et al., Pixel-wise agricultural image time series classification, 2023"

FILL = Param(
    "fill",
    "linear",
    "how gaps are filled; gaussian has a width of 7 days (Vincent et al., Eq 11-13), zero is after scaling",
    choices=("linear", "gaussian", "zero"),
)
SCALING = Param(
    "scaling",
    "band",
    "standardise each band by the view's own statistics; series: each band of each series by its own",
    choices=("band", "series", "none"),
)
SUBSET = Param(
    "subset",
    1.0,
    "share of the labelled rows that are kept as neighbours, a seeded draw; Vincent et al.: 0.001, five draws",
    minimum=1e-6,
    maximum=1,
)
FIT_ROWS = Param(
    "fit_rows",
    100_000,
    "most rows (pixels) that are learned from, a seeded draw; null: all",
    kind=int,
    minimum=1,
)
WINDOW = Param(
    "window",
    None,
    "Sakoe-Chiba band: furthest shift of a step as a share of the series' length; null: any",
    kind=float,
    minimum=0,
    maximum=1,
)

RANDOM_FOREST = MethodCard(
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
        Param("max_depth", None, "deepest level of a tree; null: until leaves are pure", kind=int, minimum=1),
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
)

ONE_NEAREST = MethodCard(
    name="1nn",
    summary="Nearest labelled series (Euclidean)",
    load="eobench_timeseries._nearest:NearestNeighbour",
    citation=f"baseline of {VINCENT}",
    levels=("full", "few"),
    targets=("class", "dense"),
    outputs=("classes",),
    params=(SUBSET, FIT_ROWS, FILL, SCALING),
)

ONE_NEAREST_DTW = MethodCard(
    name="1nn-dtw",
    summary="Nearest labelled series under dynamic time warping of all bands together",
    load="eobench_timeseries._nearest:NearestNeighbourDTW",
    citation=f"Sakoe and Chiba, Dynamic programming algorithm optimization, 1978; baseline of {VINCENT}",
    levels=("full", "few"),
    targets=("class", "dense"),
    outputs=("classes",),
    params=(
        WINDOW,
        SUBSET,
        replace(FIT_ROWS, default=20_000),
        FILL,
        SCALING,
    ),
)

SVM = MethodCard(
    name="svm",
    summary="Support vector machine on filled, standardised series, every (step, band) a feature",
    load="eobench_timeseries._svm:SupportVectorMachine",
    citation="Cortes and Vapnik, Support-vector networks, Machine Learning 20, 1995; scikit-learn (libsvm)",
    levels=("full", "few"),
    targets=("class", "dense"),
    outputs=("classes",),
    params=(
        Param("c", 1.0, "penalty of a margin that is not kept", minimum=1e-6),
        Param("kernel", "rbf", "similarity of two series", choices=("rbf", "linear")),
        Param(
            "gamma",
            None,
            "of rbf, exp(-gamma d^2); null: 1 / (features * variance), scikit-learn's scale",
            kind=float,
            minimum=1e-9,
        ),
        Param("class_weight", "none", "weigh classes alike or as they come", choices=("none", "balanced")),
        replace(FIT_ROWS, default=20_000),
        FILL,
        SCALING,
    ),
)

CLUSTERS = Param("clusters", 32, "number of clusters", minimum=2)

KMEANS_DTW = MethodCard(
    name="kmeans-dtw",
    summary="Prototypes trained by gradient on soft-DTW; gives clusters without names",
    load="eobench_timeseries._kmeans_dtw:KMeansDTW",
    citation=f"Cuturi and Blondel, Soft-DTW, ICML 2017; baseline of {VINCENT}",
    levels=("none",),
    targets=("class", "dense"),
    outputs=("clusters",),
    budgets={"quick": Budget(steps=300), "paper": Budget(steps=100_000)},
    params=(
        CLUSTERS,
        Param("gamma", 1.0, "softness of the alignment, in squared standard deviations", minimum=1e-3),
        Param("lr", 1e-2, "learning rate of Adam", minimum=1e-8, maximum=1),
        Param("batch_size", 256, "series a step, at most", minimum=1),
        Param(
            "init",
            "kmeans",
            "prototypes to start from: centres of K-means, or random series",
            choices=("kmeans", "random"),
        ),
        Param("reassign_steps", 50, "steps between two looks for empty clusters", minimum=1),
        FIT_ROWS,
        FILL,
        SCALING,
    ),
)

TAPNET = MethodCard(
    name="tapnet",
    summary="TapNet: convolutions of random groups of bands and an LSTM, prototypes by attention",
    load="eobench_timeseries._tapnet:TapNet",
    citation=(
        "Zhang, Gao, Lin, Lu: TapNet: multivariate time series classification with attentional prototypical "
        f"network. AAAI 2020; baseline of {VINCENT}"
    ),
    levels=("full", "few"),
    targets=("class", "dense"),
    outputs=("classes", "probabilities", "embeddings"),
    budgets={"quick": Budget(steps=120), "paper": Budget(steps=12_000)},
    params=(
        Param("lr", 1e-3, "learning rate of Adam", minimum=1e-8, maximum=1),
        Param("weight_decay", 1e-3, "L2 penalty inside Adam", minimum=0),
        Param("batch_size", 64, "labelled series a step, at most", minimum=2),
        Param(
            "logits",
            "distance",
            "minus the squared distance to a prototype (TapNet), or exp(-d^2 / 2) (Vincent et al.)",
            choices=("distance", "kernel"),
        ),
        Param("leave_out", True, "in training a series takes no part in the prototype that it is compared with"),
        Param("class_weight", "none", "weigh classes alike or as they come", choices=("none", "balanced")),
        FIT_ROWS,
        FILL,
        SCALING,
        PRECISION,
    ),
)

USRL_KMEANS = MethodCard(
    name="usrl-kmeans",
    summary="Causal encoder learned from a triplet loss of subseries, then k-means; gives clusters without names",
    load="eobench_timeseries._usrl:USRLKMeans",
    citation=(
        "Franceschi, Dieuleveut, Jaggi: Unsupervised scalable representation learning for multivariate time "
        f"series. NeurIPS 2019; baseline of {VINCENT}"
    ),
    levels=("none",),
    targets=("class", "dense"),
    outputs=("clusters", "embeddings"),
    budgets={"quick": Budget(steps=200), "paper": Budget(steps=1_500)},
    params=(
        CLUSTERS,
        Param("depth", 10, "causal blocks before the last; each doubles the reach", minimum=1, maximum=12),
        Param("negatives", 10, "negative subseries for each series of a batch", minimum=1),
        Param(
            "negative_terms",
            "sum",
            "how their terms are joined: as in Eq 1, or as in the official code",
            choices=("sum", "mean"),
        ),
        Param("lr", 1e-3, "learning rate of Adam", minimum=1e-8, maximum=1),
        Param("batch_size", 10, "series a step, at most", minimum=1),
        FIT_ROWS,
        FILL,
        SCALING,
    ),
)

DTAN_KMEANS = MethodCard(
    name="dtan-kmeans",
    summary="Series aligned by learned diffeomorphic (CPAB) warps, then k-means; gives clusters without names",
    load="eobench_timeseries._dtan:DTANKMeans",
    citation=(
        "Shapira Weber, Eyal, Skafte, Shriki, Freifeld: Diffeomorphic temporal alignment nets. NeurIPS 2019; "
        f"baseline of {VINCENT}"
    ),
    levels=("none",),
    targets=("class", "dense"),
    outputs=("clusters", "embeddings"),
    budgets={"quick": Budget(steps=200), "paper": Budget(epochs=2_000)},
    params=(
        CLUSTERS,
        Param("tessellation", 32, "cells of the piecewise-affine velocity", minimum=2),
        Param(
            "smooth", 1.0, "lambda_smooth: reach of the warps' prior, where the interval is 2 long", minimum=1e-3
        ),
        Param("variance", 0.1, "lambda_var: size of the warps that the prior allows", minimum=1e-6),
        Param("prior_weight", 0.1, "of the prior beside the variance of the aligned series", minimum=0),
        Param("lr", 1e-3, "learning rate of Adam", minimum=1e-8, maximum=1),
        Param("batch_size", 64, "series a step, at most", minimum=2),
        FIT_ROWS,
        FILL,
        SCALING,
    ),
)
