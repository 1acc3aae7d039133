"""eobench.leaderboard."""
