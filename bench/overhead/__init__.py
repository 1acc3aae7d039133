"""What the harness itself costs and does, beside benchopt on the same no-op matrix."""
