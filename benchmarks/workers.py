"""The processes that hold the frameworks, one each, as seen from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PEERS = {"PyTorch": "torch_", "TensorFlow": "tf", "JAX": "jax_", "autograd": "autograd_"}


HELD = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


class WorkerError(Exception):
    """A request that the process could not answer, in its words."""


class Worker:
    """One framework in its own process."""

    def __init__(self, python: str, module: str, environment: dict[str, str]):
        self.process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", module],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, cwd=ROOT, env=environment,
        )  # fmt: skip
        hello = self._answer()
        self.columns: dict[str, list[str]] = hello.get("columns", {})
        self.missing: str = hello.get("missing", "")

    def ask(self, *request: object) -> list[float]:
        """The answer to one request; see `worker.py`."""
        assert self.process.stdin is not None
        self.process.stdin.write("\t".join(map(str, request)) + "\n")
        self.process.stdin.flush()
        answer = self._answer()
        if isinstance(answer, dict):
            raise WorkerError(answer.get("error") or answer["missing"])
        return answer

    def close(self) -> None:
        """Let the process end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(20)

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"missing": "the process died"}


def environment(held: bool = False) -> dict[str, str]:
    """One thread everywhere, and this checkout first on the path.

    Settings that hold OpenBLAS to older kernels are set aside unless `held`: only NumPy would obey
    them, the peers bring their own matrix products.
    """
    kept = {k: v for k, v in os.environ.items() if held or k not in HELD}
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS",
         "MINITENSOR_NUM_THREADS"),
        "1",
    )  # fmt: skip
    return {**kept, **threads, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3",
            "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}  # fmt: skip


def pin(core: int | None) -> str:
    """Keep this process and its children on one core, where the system allows it."""
    if core is None or not hasattr(os, "sched_setaffinity"):
        return "not pinned to a core"
    os.sched_setaffinity(0, {core})
    return f"pinned to core {core}"


def kernels(held: bool) -> str:
    """What becomes of the surroundings' wishes for OpenBLAS."""
    wishes = " ".join(f"{k}={os.environ[k]}" for k in HELD if k in os.environ)
    if not wishes:
        return "OpenBLAS chooses its kernels"
    return f"OpenBLAS obeys {wishes}" if held else f"OpenBLAS chooses its kernels, without {wishes}"


def start(python: str, settings: dict[str, str]) -> list[Worker]:
    """Ours first, then each peer that `python` has; a missing one is named."""
    workers = [Worker(sys.executable, "mt", settings)]
    for who, module in PEERS.items():
        worker = Worker(python, module, settings)
        if worker.missing:
            print(f"{who} is skipped: {worker.missing}")
        else:
            workers.append(worker)
    return workers


def takers(workers: list[Worker], name: str) -> dict[str, Worker]:
    """Column → process, for all that have the workload."""
    return {
        column: worker
        for worker in workers
        for column, names in worker.columns.items()
        if name in names
    }


def choose(workers: list[Worker], wanted: Sequence[str]) -> list[str]:
    """All workloads, or those whose name holds one of the wanted pieces."""
    names = dict.fromkeys(n for w in workers for names in w.columns.values() for n in names)
    chosen = [n for n in names if not wanted or any(piece in n for piece in wanted)]
    if not chosen:
        raise SystemExit(f"no workload is called like that; there are: {', '.join(names)}")
    return chosen
