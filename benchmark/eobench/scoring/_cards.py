"""Cards of the built-in metrics, in the order of the leaderboard's columns."""

from __future__ import annotations

from eobench.data import BAG_LEVELS
from eobench.plugin import Column, MetricCard

_WEAK = (*BAG_LEVELS, "none")  # levels that name no sample's class: prototypes may come out permuted

CARDS: tuple[MetricCard, ...] = (
    MetricCard(
        name="classification",
        summary="Accuracies and per-class rates from one confusion matrix over all scored samples or pixels",
        load="eobench.scoring._confusion:Classification",
        needs=("classes",),
        columns=(
            Column("oa", "overall accuracy: share of scored samples or pixels with the right class, 0 to 1"),
            Column("ma", "mean accuracy: recall averaged over the classes present in the truth, 0 to 1"),
            Column("macro_f1", "F1 averaged over the classes present in the truth or predicted, 0 to 1"),
            Column("kappa", "Cohen's kappa: accuracy above chance agreement, at most 1"),
            Column("recall", "per class: share of its samples found; null where absent", shape="per-class"),
            Column(
                "precision", "per class: share of right predictions; null where never predicted", shape="per-class"
            ),
            Column("confusion", "counts, rows true classes, columns predicted", better=None, shape="matrix"),
        ),
    ),
    MetricCard(
        name="miou",
        summary="Mean intersection over union from one confusion matrix over all pixels",
        load="eobench.scoring._confusion:MeanIoU",
        needs=("classes",),
        targets=("dense",),
        columns=(Column("miou", "intersection over union, mean over classes in the truth or predicted, 0 to 1"),),
    ),
    MetricCard(
        name="acc-p",
        summary="AccP of La Rosa et al.: prototype k counts as class k",
        load="eobench.scoring._clustering:PrototypeAccuracy",
        needs=("classes",),
        levels=BAG_LEVELS,
        citation="La Rosa et al., Learning from label proportions with prototypical contrastive clustering",
        columns=(Column("acc_p", "accuracy with prototype k taken as class k (equals oa), 0 to 1"),),
    ),
    MetricCard(
        name="acc-h",
        summary="AccH of La Rosa et al.: accuracy after the best one-to-one matching of clusters to classes",
        load="eobench.scoring._clustering:HungarianAccuracy",
        levels=_WEAK,
        citation="La Rosa et al., Learning from label proportions with prototypical contrastive clustering",
        columns=(
            Column("acc_h", "accuracy after Hungarian matching; unmatched clusters are wrong, 0 to 1"),
            Column(
                "matched",
                "per class: index of the cluster (or predicted class) matched to it; null where none is",
                better=None,
                shape="per-class",
            ),
        ),
    ),
    MetricCard(
        name="acc-majority",
        summary="Accuracy with each cluster named after its majority class on the training rows",
        load="eobench.scoring._clustering:MajorityAccuracy",
        levels=_WEAK,
        citation="Vincent et al., Pixel-wise agricultural image time series classification, 2023",
        columns=(Column("acc_majority", "accuracy after a majority vote per cluster learned on train, 0 to 1"),),
    ),
    MetricCard(
        name="nmi",
        summary="Normalised mutual information of clusters (or classes) and truth, arithmetic mean",
        load="eobench.scoring._clustering:MutualInformation",
        columns=(Column("nmi", "normalised mutual information with the truth, 0 to 1"),),
    ),
    MetricCard(
        name="ari",
        summary="Adjusted Rand index of clusters (or classes) and truth",
        load="eobench.scoring._clustering:RandIndex",
        columns=(Column("ari", "adjusted Rand index with the truth: 0 by chance, at most 1"),),
    ),
    MetricCard(
        name="knn25",
        summary="Accuracy of the 25 nearest training embeddings (cosine, uniform vote)",
        load="eobench.scoring._neighbours:NearestNeighbours",
        needs=("embeddings",),
        targets=("class",),
        columns=(Column("knn25", "accuracy of a 25-nearest-neighbour vote in the embedding, 0 to 1"),),
    ),
    MetricCard(
        name="proportion-mae",
        summary="Error of predicted class shares, per bag of the cell and over all scored rows",
        load="eobench.scoring._proportions:ProportionError",
        columns=(
            Column("proportion_mae_bag", "mean |predicted - true share| over bags and classes, 0 to 1", "lower"),
            Column("proportion_mae_overall", "mean |predicted - true share| over classes, all rows", "lower"),
        ),
    ),
    MetricCard(
        name="image-shares",
        summary="Error of each image's class shares, and intersection over union image by image",
        load="eobench.scoring._images:ImageShares",
        needs=("classes",),
        targets=("dense",),
        citation="Ramos-Pollan, Gonzalez: Lightweight learning from label proportions on satellite imagery",
        columns=(
            Column("image_mae", "mean |predicted - true share| over images and classes; from classes", "lower"),
            Column("image_mae_soft", "the same, from the mean of the probability maps", "lower"),
            Column("image_iou", "intersection over union, mean over an image's true classes, then images"),
        ),
    ),
    MetricCard(
        name="reconstruction",
        summary="Error with which a method rebuilds its inputs, on the scored rows and on train",
        load="eobench.scoring._reconstruction:ReconstructionError",
        needs=("reconstruction",),
        citation="Vincent et al., Pixel-wise agricultural image time series classification, 2023",
        columns=(
            Column("reconstruction", "mean squared error of rebuilt standardised values, scored rows", "lower"),
            Column("reconstruction_train", "mean squared error of rebuilt standardised values, train", "lower"),
        ),
    ),
    MetricCard(
        name="ece",
        summary="Expected calibration error of the most probable class, 15 bins of equal width",
        load="eobench.scoring._calibration:CalibrationError",
        needs=("probabilities",),
        columns=(Column("ece", "mean |confidence - accuracy| weighted by bin, 0 to 1", "lower"),),
    ),
)
