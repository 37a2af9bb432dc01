"""Read, infer, write: three stages that overlap, in order, with a bounded number of blocks on the way."""

from __future__ import annotations

import collections
import contextlib
import ctypes
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from botaclip.core.progress import SILENT, Progress

Block = TypeVar("Block")
Loaded = TypeVar("Loaded")
Result = TypeVar("Result")

_WAIT_S = 0.1
_M_MMAP_THRESHOLD, _LARGE_BYTES = -3, 4 * 2**20


def stream(
    blocks: Iterable[Block],
    read: Callable[[Block], Loaded | None],
    infer: Callable[[Block, Loaded], Result | None],
    write: Callable[[Block, Result], None],
    *,
    total: int,
    progress: Progress = SILENT,
    message: str = "",
    readers: int = 1,
    depth: int = 2,
    workers: int = 1,
) -> int:
    """Run every block through the three stages; the order of writing is that of the blocks.

    Reading goes ahead in ``readers`` threads; ``infer`` runs in ``workers`` threads, a block in each; writing follows
    in one thread. At most ``depth`` blocks wait before and after inference, so memory does not depend on how many
    there are.

    Parameters
    ----------
    blocks
        What to work on; taken one by one.
    read
        Called in a reader thread; None skips the block (nothing in it).
    infer
        Called with the block and what was read; None skips writing.
    write
        Called in the writer thread with the block and its result.
    total
        Number of blocks, for the progress.
    progress, message
        Told after every block; its ``Cancelled`` ends the run.
    readers, depth
        Reader threads, and blocks that may wait.
    workers
        Blocks that are inferred at the same time.

    Returns
    -------
    Number of blocks that were written.

    Raises
    ------
    Exception
        The first one of any stage, after the other stages have stopped; ``Cancelled`` likewise.
    """
    running: collections.deque[tuple[Block, Future[Result | None]]] = collections.deque()
    writing: collections.deque[Future[None]] = collections.deque()
    source, done, written = iter(blocks), 0, 0
    _hand_freed_arrays_back()

    def step(block: Block, loading: Future[Loaded | None]) -> Result | None:
        loaded = loading.result()
        return None if loaded is None else infer(block, loaded)

    with _pool(readers) as reading, _pool(workers) as computing, _pool(1) as finishing:
        while True:
            while len(running) < workers + depth and (block := next(source, None)) is not None:
                running.append((block, computing.submit(step, block, reading.submit(read, block))))
            if not running:
                break
            progress.update(done / max(total, 1), message)
            done += 1
            block, made = running.popleft()
            result = _result(made, progress)
            del made
            if result is None:
                continue
            while len(writing) >= depth or (writing and writing[0].done()):
                _result(writing.popleft(), progress)
            writing.append(finishing.submit(write, block, result))
            del result
            written += 1
        while writing:
            _result(writing.popleft(), progress)
    return written


def _result(future: Future[Result], progress: Progress) -> Result:
    """Wait for a stage, asking now and then whether to stop."""
    while not wait([future], timeout=_WAIT_S).done:
        progress.check()
    return future.result()


def _hand_freed_arrays_back() -> None:
    """Have large arrays return to the system as soon as they are freed.

    glibc begins to keep them in the heaps of its threads once a few have been freed, and then a long run needs more
    memory than a short one by chance (measured: 3 to 13 % of the process, now 6). Other C libraries need no telling.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


@contextlib.contextmanager
def _pool(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that finish what they have begun and drop the rest, whatever happens."""
    pool = ThreadPoolExecutor(max_workers=threads)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
