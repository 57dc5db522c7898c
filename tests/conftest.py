"""Settings every test shares: deterministic display, one BLAS thread, no user configuration."""

from __future__ import annotations

import os

os.environ.setdefault("MINITENSOR_DISPLAY", "static")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")
