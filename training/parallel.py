"""Folds side by side: one thread each, and inside it one thread of linear algebra.

The matrices are small. Two threads sharing each product wait for one another more than they compute (measured on a
loaded two-core machine: 95 s against 14 s for one inner validation); two folds at once do not. Threads, never loky:
a worker process of ours must not start children that import whatever lies in the working directory.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

from threadpoolctl import threadpool_limits

from botaclip.core.progress import Progress
from botaclip.training.torch_device import torch_threads

Result = TypeVar("Result")


@contextlib.contextmanager
def one_thread_each() -> Iterator[None]:
    """Within, linear algebra takes one thread per caller; also what makes results repeatable to the bit."""
    with torch_threads(1), threadpool_limits(limits=1):
        yield


def over_folds(count: int, work: Callable[[int, Progress], Result], *, progress: Progress) -> list[Result]:
    """Return ``[work(0, p), work(1, p), ...]``, as many at once as there are cores.

    Parameters
    ----------
    count
        Number of folds.
    work
        Called with the fold's number and a progress of its own; the first exception stops all of them.
    progress
        Gets the mean over the folds.
    """
    fractions = [0.0] * count
    lock = threading.Lock()
    stopped = threading.Event()

    def reporter(number: int) -> Progress:
        def report(fraction: float, message: str) -> None:
            with lock:
                fractions[number] = fraction
                progress.update(sum(fractions) / count, f"fold {number + 1} of {count}: {message}")

        def cancelled() -> bool:
            progress.check()
            return stopped.is_set()

        return Progress(report, None, cancelled)

    with one_thread_each(), ThreadPoolExecutor(min(count, os.cpu_count() or 1)) as pool:
        futures = [pool.submit(work, number, reporter(number)) for number in range(count)]
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        stopped.set()
        for future in futures:
            future.cancel()
        # The cause first: the other folds only say that they were stopped.
        for future in done:
            future.result()
    return [future.result() for future in futures]
