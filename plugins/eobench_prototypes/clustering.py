"""What other plugins cluster with: K-means, and clusters that are kept from being empty.

Imports torch: import it where a method is loaded, not where its card is made.
"""

from eobench_prototypes._dti_training import EMPTY_SHARE, NOISE, Rows
from eobench_prototypes._kmeans import Clustering, lloyd, require_rows

__all__ = ["EMPTY_SHARE", "NOISE", "Clustering", "Rows", "lloyd", "require_rows"]
