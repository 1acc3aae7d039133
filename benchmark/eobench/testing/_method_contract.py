"""The contract of methods: all its checks, in the order in which they run."""

from __future__ import annotations

from typing import Final

from eobench.testing import (
    _method_budget,
    _method_card,
    _method_firewall,
    _method_options,
    _method_predict,
    _method_pretrain,
    _method_repeat,
    _method_survive,
)
from eobench.testing._checks import Contract
from eobench.testing._method_subject import MethodSubject

__all__ = ["METHOD_CONTRACT"]

METHOD_CONTRACT: Final[Contract[MethodSubject]] = Contract()
for _clause in (
    _method_card.the_card_is_complete,
    _method_predict.predicts_what_the_card_declares,
    _method_predict.batch_size_of_prediction_changes_nothing,
    _method_predict.parameters_are_counted,
    _method_predict.saved_and_loaded_predicts_the_same,
    _method_firewall.labels_outside_the_view_change_nothing,
    _method_firewall.reordered_rows_change_nothing,
    _method_firewall.inputs_are_not_mutated,
    _method_repeat.same_seed_same_result,
    _method_repeat.other_seed_other_draw,
    _method_repeat.global_random_state_is_unused,
    _method_repeat.global_state_is_left_alone,
    _method_repeat.works_without_network,
    _method_options.every_option_matters,
    _method_options.execution_options_change_nothing,
    _method_budget.budget_is_respected,
    _method_budget.stop_is_heard,
    _method_pretrain.pretraining_depends_on_inputs_alone,
    _method_survive.survives_missing_dates,
    _method_survive.survives_nan,
    _method_survive.survives_one_class,
    _method_survive.survives_one_sample_per_class,
    _method_survive.survives_one_date,
):
    METHOD_CONTRACT.check(_clause)
