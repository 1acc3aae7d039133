"""The tasks.yaml schema, matrix expansion, cell identity."""

from eobench.tasks._cell import BaseModelRef, Cell, DatasetRef

__all__ = ["BaseModelRef", "Cell", "DatasetRef"]
