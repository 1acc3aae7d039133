"""Network families `bilstm`, `inceptiontime`, `transformer`, and the method `supervised`. Light: cards only."""

from eobench.plugin import BaseModelCard, MethodCard, hookimpl
from eobench_base_models._cards import BILSTM, INCEPTIONTIME, SUPERVISED, TRANSFORMER


@hookimpl
def eobench_base_models() -> list[BaseModelCard]:
    """Return the families of networks."""
    return [BILSTM, INCEPTIONTIME, TRANSFORMER]


@hookimpl
def eobench_methods() -> list[MethodCard]:
    """Return the methods."""
    return [SUPERVISED]
