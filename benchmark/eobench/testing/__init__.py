"""eobench.testing."""
