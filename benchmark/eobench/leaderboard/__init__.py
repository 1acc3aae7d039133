"""Results to tables, win matrix, gains, inference and a page to look at."""

from eobench.leaderboard._blocks import Cells, contender, contenders
from eobench.leaderboard._board import Board, build_board
from eobench.leaderboard._checks import IdenticalPredictions, identical_predictions
from eobench.leaderboard._format import metric_columns, read_results, scalar_metrics
from eobench.leaderboard._gains import choose_baseline, gains
from eobench.leaderboard._inference import bootstrap_interval, compare, holm
from eobench.leaderboard._markdown import markdown
from eobench.leaderboard._slopes import Slope, fit_slope, slopes
from eobench.leaderboard._summary import Summary, SummaryRow, summary_table
from eobench.leaderboard._wins import WinMatrix, as_matrix, win_matrix

__all__ = [
    "Board",
    "Cells",
    "IdenticalPredictions",
    "Slope",
    "Summary",
    "SummaryRow",
    "WinMatrix",
    "as_matrix",
    "bootstrap_interval",
    "build_board",
    "choose_baseline",
    "compare",
    "contender",
    "contenders",
    "fit_slope",
    "gains",
    "holm",
    "identical_predictions",
    "markdown",
    "metric_columns",
    "read_results",
    "scalar_metrics",
    "slopes",
    "summary_table",
    "win_matrix",
]
