"""Contrastive pre-training of encoders of single dates, with one sensor or two. Light: cards only."""

from eobench.plugin import MethodCard, SuiteCard, hookimpl
from eobench_contrastive._cards import BIMODAL, SCARF, SIMCLR


@hookimpl
def eobench_methods() -> list[MethodCard]:
    """Return the methods."""
    return [SCARF, BIMODAL, SIMCLR]


@hookimpl
def eobench_suites() -> list[SuiteCard]:
    """Return the paper's comparison, small on the simulated world and at the paper's size."""
    return [
        SuiteCard(
            name="bimodal",
            summary="bi-modal pre-training against SCARF and supervised: three tasks, three families (small form)",
            load="eobench_contrastive:suites/bimodal.yaml",
        ),
        SuiteCard(
            name="bimodal-paper",
            summary="the same with ten draws, three seeds and the paper's numbers, and on its own sets; for a GPU",
            load="eobench_contrastive:suites/bimodal-paper.yaml",
        ),
    ]
