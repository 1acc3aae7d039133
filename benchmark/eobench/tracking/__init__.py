"""eobench.tracking."""
