"""Checks of methods: the same seed gives the same, another seed another draw, and nothing around is touched."""

from __future__ import annotations

from eobench.plugin import Method
from eobench.testing._checks import CheckFailed, NotApplicable
from eobench.testing._method_compare import difference
from eobench.testing._method_subject import FIRST_SEED, Learned, MethodSubject, one_thread
from eobench.testing._method_watch import handlers, kept_state, own_seeds
from eobench.testing._surroundings import require_global_state_kept, without_network

_SEEDS = (2, 3, 4)


def same_seed_same_result(subject: MethodSubject) -> None:
    """Learning twice with one seed gives the same predictions, bit for bit."""
    for case in subject.cases:
        first = subject.usual(case)
        if text := difference(first, subject.trial(subject.stage(case))):
            raise CheckFailed(
                f"at {case} two runs with the same seed differ ({text}); draw all random numbers from "
                f"run.generator(name), and keep nothing between two fits"
            )


def other_seed_other_draw(subject: MethodSubject) -> None:
    """A method that draws random numbers draws them from its run: another seed, another result."""
    case = subject.main[0]
    stage = subject.stage(case)
    method = subject.make()
    with own_seeds(type(method).__module__) as made:
        learned = subject.learn(stage, method=method)
    if not learned.run.drawn:
        if made:
            raise CheckFailed(
                f"it draws random numbers with {made[0]} and never asks its run for any: every seed gives the "
                f"same draw; use run.generator(name), or run.number(name) as a seed"
            )
        raise NotApplicable("it draws no random numbers")
    first, kept = subject.predict(stage, learned), _content(subject, learned)
    for seed in _SEEDS:
        other = subject.learn(stage, subject.context(seed))
        if difference(first, subject.predict(stage, other)) or _content(subject, other) != kept:
            return
    names = ", ".join(sorted(learned.run.drawn))
    raise CheckFailed(
        f"seeds {FIRST_SEED} to {_SEEDS[-1]} give the same predictions and the same saved files, although "
        f"it asks its run for random numbers ({names}): what is drawn is not used"
    )


def _content(subject: MethodSubject, learned: Learned) -> dict[str, bytes]:
    folder = subject.new_folder("saved")
    learned.predictor.save(folder)
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def global_random_state_is_unused(subject: MethodSubject) -> None:
    """Python's, NumPy's and torch's global generators do not matter: no random number comes from them."""
    for case in subject.main:
        stage = subject.stage(case)
        first = subject.trial(stage, global_seed=11)
        if text := difference(first, subject.trial(stage, global_seed=12)):
            raise CheckFailed(
                f"at {case} predictions differ ({text}) where only the global random state differs: pass a seed "
                f"or a generator of the run to whatever draws (random_state=run.number(name), "
                f"torch.random.fork_rng() with torch.manual_seed)"
            )


def global_state_is_left_alone(subject: MethodSubject) -> None:
    """Seeds, threads, warnings, environment, signals and logging of the process stay as they were."""
    stage = subject.stage(subject.main[0])
    subject.trial(stage)  # libraries that load only now bring their own settings

    def act() -> None:
        method: Method = subject.make()
        run = subject.context()
        run.checkpoint = subject.pretrain(stage, run)
        method.fit(stage.scene.view, run).predict(stage.scene.test)

    with kept_state():
        one_thread()
        before = handlers()
        require_global_state_kept(act)
        changed = [name for name, value in handlers().items() if value != before[name]]
    if changed:
        raise CheckFailed(f"it changes {' and '.join(changed)} of the process that runs it; put it back")


def works_without_network(subject: MethodSubject) -> None:
    """Learning and predicting need no network."""
    for case in subject.main:
        stage = subject.stage(case)
        with without_network():
            subject.trial(stage)
