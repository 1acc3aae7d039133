"""eobench.tasks."""
