"""Measure minitensor beside its peers, in one run, on one core: `python -m benchmarks.run`.

Every framework runs in a process of its own; the processes take turns, a few repeats each, so that
a machine that slows down slows all of them. A figure is the median over all turns, a ratio the
median of the ratios of the turns. Slow workloads get fewer turns, so that each keeps to `--budget`
seconds (beyond building it). A peer that is not installed is skipped with a word; `--peers PYTHON`
names the interpreter of an environment that has them, `--only` pieces of the names to run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys

from benchmarks.bars import absolute, against
from benchmarks.workers import (
    ROOT,
    Worker,
    WorkerError,
    choose,
    environment,
    kernels,
    pin,
    start,
    takers,
)

OURS = "minitensor"
LAYERS = "minitensor layers"
REPEATS = 3
SHORTEST = 0.002
"""Seconds that a repeat takes at least: shorter work is called several times."""
FEWEST = 3


def prepare(taking_part: dict[str, Worker], name: str) -> tuple[dict[str, float], dict[str, str]]:
    """Column → seconds of a call, and column → why it cannot do the workload."""
    found, failed = {}, {}
    for column, worker in taking_part.items():
        try:
            _, found[column] = worker.ask("make", column, name)
        except WorkerError as error:
            failed[column] = str(error)
    return found, failed


def measure(
    workers: list[Worker], name: str, turns: int, budget: float
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Column → the time of each turn, and what failed."""
    taking_part = takers(workers, name)
    first, failed = prepare(taking_part, name)
    if not first:
        return {}, failed
    calls = {column: max(1, min(1000, round(SHORTEST / s))) for column, s in first.items()}
    turn_cost = REPEATS * sum(calls[column] * s for column, s in first.items())
    turns = max(FEWEST, min(turns, int(budget / turn_cost)))
    found: dict[str, list[float]] = {column: [] for column in first}
    for turn in range(turns + 1):
        for column in first:
            seconds = taking_part[column].ask("time", column, name, REPEATS, calls[column])
            if turn:
                found[column].append(statistics.median(seconds))
    return found, failed


def report(name: str, found: dict[str, list[float]], failed: dict[str, str]) -> list[str]:
    """One line per column, fastest first after ours; bars beside what they limit.

    What is built from layers keeps to the same bars as what is written by hand.
    """
    medians = {column: statistics.median(times) * 1e3 for column, times in found.items()}
    lines = []
    for column in sorted(medians, key=lambda c: (c != OURS, medians[c])):
        ratios, verdicts = [], []
        if column == OURS:
            bar = absolute(name)
            verdicts = [bar.verdict(medians[column])] if bar else []
        for mine in (OURS, LAYERS):
            if mine in found and column not in (OURS, mine):
                pairs = zip(found[mine], found[column], strict=True)
                value = statistics.median(a / b for a, b in pairs)
                bar = against(name, column)
                ratios.append(f"{value:.3f}")
                verdicts += [bar.verdict(value)] if bar else []
        ratio, verdict = " / ".join(ratios), "; ".join(verdicts)
        lines.append(f"{column:18}{medians[column]:12.4f}{ratio:>15}   {verdict}".rstrip())
    lines += [f"{column:18}{'failed':>12}   {why}" for column, why in failed.items()]
    return [f"{name if i == 0 else '':28}{line}" for i, line in enumerate(lines)]


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("--peers", default=sys.executable, help="the interpreter of the peers")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="pieces of names")
    parser.add_argument("--turns", type=int, default=15, help="at most so many turns")
    parser.add_argument("--budget", type=float, default=20, help="seconds for one workload")
    parser.add_argument("--held", action="store_true", help="keep settings that hold OpenBLAS back")
    parser.add_argument("--core", type=int, default=max(os.cpu_count() or 1, 1) - 1)
    return parser.parse_args()


def main() -> None:
    """Run the workloads, then (when all are run) the checks that minitensor does alone."""
    chosen = options()
    settings = environment(chosen.held)
    print(f"{pin(chosen.core)}; {kernels(chosen.held)}")
    workers = start(chosen.peers, settings)
    print(f"{'workload':28}{'framework':18}{'median ms':>12}{'ours / theirs':>15}   bar")
    for name in choose(workers, chosen.only):
        print("\n".join(report(name, *measure(workers, name, chosen.turns, chosen.budget))))
        sys.stdout.flush()
    for worker in workers:
        worker.close()
    if not chosen.only:
        for module in ("alone", "traced", "learning"):
            command = [sys.executable, "-m", f"benchmarks.{module}"]
            subprocess.run(command, cwd=ROOT, env=settings, check=True)


if __name__ == "__main__":
    main()
