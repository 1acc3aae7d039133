"""One page about a data set: what it is, its classes, places, dates, curves and pictures."""

from eobench.datasheet._report import render_page, write_page

__all__ = ["render_page", "write_page"]
