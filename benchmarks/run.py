"""Measure minitensor beside its peers, in one run, on one core: `python -m benchmarks.run`.

Every framework runs in a process of its own; the processes take turns, a few repeats each, so that
a machine that slows down slows all of them. A figure is the median over all repeats, a ratio the
median of the ratios of the turns. A peer that is not installed is skipped with a word;
`--peers PYTHON` names the interpreter of an environment that has them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
PEERS = {"PyTorch": "torch_", "TensorFlow": "tf", "JAX": "jax_", "autograd": "autograd_"}


class Bar(NamedTuple):
    """At most `limit` times the time of `peer`."""

    peer: str
    limit: float


BARS = {
    "multiply x1000": [Bar("PyTorch", 1.0)],
    "multiply taped x1000": [Bar("PyTorch", 0.6)],
    "chain of 100 ops": [Bar("PyTorch", 0.6), Bar("TensorFlow", 1 / 15)],
    "conv forward": [Bar("PyTorch", 1.0)],
    "conv forward + backward": [Bar("PyTorch", 1.2)],
}
"""What the project promises; missed bars are explained in NOTES.md."""


class Worker:
    """One framework in its own process."""

    def __init__(self, python: str, module: str, environment: dict[str, str]):
        self.process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", module],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, cwd=ROOT, env=environment,
        )  # fmt: skip
        hello = self._answer()
        self.workloads: list[str] = hello.get("workloads", [])
        self.missing: str = hello.get("missing", "")

    def time(self, name: str, repeats: int) -> list[float]:
        """The seconds that each repeat took."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{name}\t{repeats}\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """Let the process end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"missing": "the process died"}


def environment() -> dict[str, str]:
    """One thread everywhere, and this checkout first on the path."""
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"),
        "1",
    )
    return {**os.environ, **threads, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3",
            "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}  # fmt: skip


def measure(workers: dict[str, Worker], turns: int) -> dict[str, dict[str, list[float]]]:
    """Workload → framework → the best time of each turn."""
    found: dict[str, dict[str, list[float]]] = {}
    for name in workers["minitensor"].workloads:
        taking_part = {who: w for who, w in workers.items() if name in w.workloads}
        found[name] = {who: [] for who in taking_part}
        for turn in range(turns + 1):
            for who, worker in taking_part.items():
                seconds = worker.time(name, 3)
                if turn:
                    found[name][who].append(statistics.median(seconds))
    return found


def report(found: dict[str, dict[str, list[float]]]) -> list[str]:
    """The table, one line per workload and framework; bars beside the ratios."""
    lines = [f"{'workload':26}{'framework':14}{'median ms':>11}{'ours / theirs':>15}   bar"]
    for name, times in found.items():
        ours = times["minitensor"]
        lines.append(f"{name:26}{'minitensor':14}{statistics.median(ours) * 1e3:11.3f}")
        for who, theirs in times.items():
            if who == "minitensor":
                continue
            ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
            bar = next((b.limit for b in BARS.get(name, []) if b.peer == who), None)
            verdict = "" if bar is None else f"≤ {bar:.3g} {'met' if ratio <= bar else 'MISSED'}"
            lines.append(
                f"{'':26}{who:14}{statistics.median(theirs) * 1e3:11.3f}{ratio:15.3f}   {verdict}"
            )
    return lines


def pin(core: int | None) -> str:
    """Keep this process and its children on one core, where the system allows it."""
    if core is None or not hasattr(os, "sched_setaffinity"):
        return "not pinned to a core"
    os.sched_setaffinity(0, {core})
    return f"pinned to core {core}"


def main() -> None:
    """Run the workloads, then the checks that minitensor does alone."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument(
        "--peers", default=sys.executable, help="the interpreter that has the peers"
    )
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--core", type=int, default=max(os.cpu_count() or 1, 1) - 1)
    options = parser.parse_args()
    print(pin(options.core))
    settings = environment()
    workers = {"minitensor": Worker(sys.executable, "mt", settings)}
    for who, module in PEERS.items():
        worker = Worker(options.peers, module, settings)
        if worker.missing:
            print(f"{who} is skipped: {worker.missing}")
        else:
            workers[who] = worker
    print("\n".join(report(measure(workers, options.turns))))
    for worker in workers.values():
        worker.close()
    subprocess.run([sys.executable, "-m", "benchmarks.alone"], cwd=ROOT, env=settings, check=True)


if __name__ == "__main__":
    main()
