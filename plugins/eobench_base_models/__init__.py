"""Network families and the method `supervised` that trains any of them. Light: cards only."""

from eobench.plugin import BaseModelCard, MethodCard, hookimpl
from eobench_base_models._cards import BILSTM, INCEPTIONTIME, SUPERVISED, TRANSFORMER
from eobench_base_models._cards_images import CARDS as IMAGES
from eobench_base_models._cards_series import MLP_LTAE, MLSTM_FCN, OS_CNN, TEMP_CNN, UTAE


@hookimpl
def eobench_base_models() -> list[BaseModelCard]:
    """Return the families of networks."""
    return [BILSTM, INCEPTIONTIME, TRANSFORMER, MLSTM_FCN, OS_CNN, MLP_LTAE, TEMP_CNN, UTAE, *IMAGES]


@hookimpl
def eobench_methods() -> list[MethodCard]:
    """Return the methods."""
    return [SUPERVISED]
