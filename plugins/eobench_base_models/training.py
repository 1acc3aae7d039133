"""What other plugins train networks with: `fit_network`, objectives, and the predictor it gives.

Imports torch: import it where a method is loaded, not where its card is made.
"""

from eobench_base_models._adam import Adam
from eobench_base_models._labels import balanced_weights
from eobench_base_models._maps import MapObjective, map_validation
from eobench_base_models._network import DenseNetwork, HeadedNetwork
from eobench_base_models._objective import Objective, Step, Validation, logits_in_training
from eobench_base_models._precision import coarse, mixed_precision
from eobench_base_models._predictor import NetworkPredictor
from eobench_base_models._scaling import Preparation, Source
from eobench_base_models._supervised import LabelObjective, label_validation
from eobench_base_models._training import fit_network, seeded
from eobench_base_models.options import PRECISION, TRAINING_PARAMS, Precision, TrainingOptions, number, whole

__all__ = [
    "PRECISION",
    "TRAINING_PARAMS",
    "Adam",
    "DenseNetwork",
    "HeadedNetwork",
    "LabelObjective",
    "MapObjective",
    "NetworkPredictor",
    "Objective",
    "Precision",
    "Preparation",
    "Source",
    "Step",
    "TrainingOptions",
    "Validation",
    "balanced_weights",
    "coarse",
    "fit_network",
    "label_validation",
    "logits_in_training",
    "map_validation",
    "mixed_precision",
    "number",
    "seeded",
    "whole",
]
