"""Random views of samples, for other plugins that contrast them.

Imports torch: import it where a method is loaded, not where its card is made.
"""

from eobench_proportions._augment import Augmentation

__all__ = ["Augmentation"]
