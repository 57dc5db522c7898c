"""A process that holds one framework and times its workloads when asked.

It reads one request a line, fields between tabs, and answers each with one line of JSON:

* `make COLUMN NAME` builds a workload afresh and calls it twice: the seconds of both calls (the
  first one traces and compiles);
* `time COLUMN NAME REPEATS CALLS`: the seconds of one call, for each repeat of so many calls;
* `values COLUMN NAME CALLS` builds it afresh: one number for what each call gave.

The first line it writes lists the workloads of each column, or says why there are none. A request
that fails is answered with its error.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.problems import summary


class Desk:
    """The framework's workloads, and those of one name that were built last, one per column."""

    def __init__(self, columns: dict[str, dict[str, Callable[[], Any]]]):
        self.columns = columns
        self.name = ""
        self.built: dict[str, Callable[[], Any]] = {}

    def answer(self, what: str, column: str, name: str, *numbers: str) -> Any:
        """Do one request."""
        if what == "time":
            repeats, calls = map(int, numbers)
            work = self.built[column]
            return [seconds(work, calls) / calls for _ in range(repeats)]
        if name != self.name:
            self.built.clear()  # their arrays go before others come
            self.name = name
        work = self.built[column] = self.columns[column][name]()
        if what == "make":
            return [seconds(work, 1), seconds(work, 1)]
        return [summary(work()) for _ in range(int(numbers[0]))]


def seconds(work: Callable[[], Any], calls: int) -> float:
    """The time of so many calls."""
    start = time.perf_counter()
    for _ in range(calls):
        work()
    return time.perf_counter() - start


def main() -> None:
    """Serve until the input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr
    module = sys.argv[1]

    def say(answer: object) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    try:
        desk = Desk(importlib.import_module(f"benchmarks.workloads.{module}").workloads())
    except ImportError as error:
        say({"missing": str(error)})
        return
    say({"columns": {column: list(work) for column, work in desk.columns.items()}})
    for line in sys.stdin:
        try:
            say(desk.answer(*line.rstrip("\n").split("\t")))
        except Exception as error:  # one workload may fail; the others are still measured
            say({"error": f"{type(error).__name__}: {str(error)[:300]}"})


if __name__ == "__main__":
    main()
