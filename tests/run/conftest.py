"""Toy plugins and work functions; workers find them because they take over this process's `sys.path`."""

import sys
from pathlib import Path

TOYS = str(Path(__file__).parent / "toys")
if TOYS not in sys.path:
    sys.path.insert(0, TOYS)
