"""eobench.scoring."""
