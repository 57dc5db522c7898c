"""A process that holds one framework and times its workloads when asked.

It reads one line per request, `NAME<tab>REPEATS`, and answers with one line of JSON: the seconds of
each repeat. The first line it writes lists the workloads, or says why there are none.
"""

from __future__ import annotations

import importlib
import json
import sys
import time


def main() -> None:
    """Serve until the input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr
    module = sys.argv[1]

    def say(answer: object) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    try:
        work = importlib.import_module(f"benchmarks.workloads.{module}").workloads()
    except ImportError as error:
        say({"missing": str(error)})
        return
    say({"workloads": list(work)})
    for line in sys.stdin:
        name, repeats = line.rstrip("\n").split("\t")
        seconds = []
        for _ in range(int(repeats)):
            start = time.perf_counter()
            work[name]()
            seconds.append(time.perf_counter() - start)
        say(seconds)


if __name__ == "__main__":
    main()
