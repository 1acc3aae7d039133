"""eobench.results."""
