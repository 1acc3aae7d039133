"""What the benchmark's solvers share."""
