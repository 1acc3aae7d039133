"""eobench: which method needs the fewest labels?"""

__version__ = "0.1.0"
