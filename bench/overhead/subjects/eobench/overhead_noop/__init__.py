"""Methods that do nothing, and methods that do what methods must not do."""

from eobench.plugin import MethodCard, Param, hookimpl

FAULTS = ("raises", "short", "nan", "hangs", "killed", "segfaults", "hogs", "prints", "exits", "forks")


@hookimpl
def eobench_methods():
    """Return the cards."""
    options = (
        Param("k", 0, "a number that changes nothing but the key"),
        Param("chunk", 1, "a number that is not in the key", execution=True),
    )
    behaviour = (Param("behaviour", "raises", "what it does", choices=FAULTS),)
    return [
        MethodCard(
            name="noop", summary="one class", load="overhead_noop._noop:Noop", levels=("full",), params=options
        ),
        MethodCard(name="other", summary="one class", load="overhead_noop._other:Other", levels=("full",)),
        MethodCard(
            name="fault",
            summary="does not behave",
            load="overhead_noop._fault:Fault",
            levels=("full",),
            outputs=("classes", "probabilities"),
            params=behaviour,
        ),
    ]
