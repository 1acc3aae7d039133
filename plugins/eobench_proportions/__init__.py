"""Methods that learn from bags with label proportions, and their papers' tables. Light: cards only."""

from eobench.plugin import MethodCard, SuiteCard, hookimpl
from eobench_proportions._cards import CARDS


@hookimpl
def eobench_methods() -> list[MethodCard]:
    """Return the methods."""
    return list(CARDS)


@hookimpl
def eobench_suites() -> list[SuiteCard]:
    """Return the papers' tables."""
    return [
        SuiteCard(
            name="llp-co",
            summary="Tables III and IV of La Rosa et al.: LLP-Co, SwAV and the LLP field, on patches and series",
            load="eobench_proportions:suites/llp-co.yaml",
        ),
        SuiteCard(
            name="lightweight-llp",
            summary="Ramos-Pollan and Gonzalez: chips in communes, by network, by loss, in all pairs of two areas",
            load="eobench_proportions:suites/lightweight-llp.yaml",
        ),
        SuiteCard(
            name="llp-co-paper",
            summary="the same tables on Campo Verde and LEM with the paper's numbers, for a GPU",
            load="eobench_proportions:suites/llp-co-paper.yaml",
        ),
        SuiteCard(
            name="lightweight-llp-paper",
            summary="the two tables of Ramos-Pollan and Gonzalez on their own chips with their numbers, for a GPU",
            load="eobench_proportions:suites/lightweight-llp-paper.yaml",
        ),
    ]
