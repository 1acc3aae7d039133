"""eobench.cli."""
