"""How long a task takes, for tests and for bench/."""

import time
from collections.abc import Callable

ROUNDS = 30


def milliseconds(task: Callable[[], object]) -> float:
    """Return the least CPU time of some rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        task()
        times.append(time.process_time() - start)
    return 1000 * min(times)
