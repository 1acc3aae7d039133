"""One thread for each test process.

Tests run side by side, one process a processor. Were each to start as many threads as there are processors, as
torch and BLAS do unless told, they would wait for one another: some tests took five times as long.
"""

import os

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
os.environ.update({name: os.environ.get(name, "1") for name in THREADS})
