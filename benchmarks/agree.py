"""Check that every framework computes the same: `python -m benchmarks.agree`.

Each workload is built afresh from the same numbers and called five times, a training step thus
takes five steps; after each call the loss (or the mean size of the result) must be the same in all
columns to a thousandth. Ends with status 1 when one is not.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.problems import LAYERED, NETWORKS
from benchmarks.workers import Worker, WorkerError, choose, environment, start, takers

CALLS = 5
TOLERANCE = 1e-3


def values(workers: list[Worker], name: str) -> tuple[dict[str, list[float]], list[str]]:
    """Column → what each call gave, and what failed, in words."""
    found, failed = {}, []
    for column, worker in takers(workers, name).items():
        try:
            found[column] = worker.ask("values", column, name, CALLS)
        except WorkerError as error:
            failed.append(f"{column} failed: {error}")
    return found, failed


def differences(name: str, found: dict[str, list[float]]) -> list[str]:
    """What speaks against agreement, in words."""
    if not found:
        return ["nothing was computed"]
    reference, *_ = found.values()
    wrong = [
        f"{column} gives {series}, not {reference}"
        for column, series in found.items()
        if any(not abs(a - b) <= TOLERANCE * abs(b) for a, b in zip(series, reference, strict=True))
    ]
    if name in NETWORKS | LAYERED and not reference[-1] < reference[0]:
        wrong.append(f"the loss does not fall: {reference}")
    return wrong


def main() -> None:
    """Print one line per workload, and one for each column that disagrees."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("--peers", default=sys.executable, help="the interpreter of the peers")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="pieces of names")
    options = parser.parse_args()
    workers = start(options.peers, environment())
    bad = 0
    for name in choose(workers, options.only):
        if name.startswith("multiply"):
            continue  # gives nothing back
        found, wrong = values(workers, name)
        wrong += differences(name, found)
        bad += bool(wrong)
        last = next(iter(found.values()), [float("nan")])[-1]
        print(f"{name:28}{last:12.6f}   {', '.join(found)}")
        for line in wrong:
            print(f"{'':28}{line}")
        sys.stdout.flush()
    for worker in workers:
        worker.close()
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
