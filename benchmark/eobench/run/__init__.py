"""eobench.run."""
