from __future__ import annotations

import threading
import time

import pytest

from botaclip.core.errors import Cancelled
from botaclip.core.progress import Progress
from botaclip.core.stream import stream


def test_blocks_are_written_in_order_and_empty_ones_skipped() -> None:
    written: list[tuple[int, int]] = []
    told: list[float] = []

    def read(block: int) -> int | None:
        time.sleep(0.002 * (block % 3))
        return None if block % 4 == 0 else block * 10

    count = stream(
        range(20), read, lambda block, loaded: loaded + block, lambda block, result: written.append((block, result)),
        total=20, readers=3, progress=Progress(report=lambda fraction, message: told.append(fraction)),
    )  # fmt: skip
    assert written == [(i, 11 * i) for i in range(20) if i % 4]
    assert count == 15
    assert told == pytest.approx([i / 20 for i in range(20)])


def test_stages_overlap() -> None:
    pause = 0.03

    def work(*_: object) -> int:
        time.sleep(pause)
        return 1

    begun = time.perf_counter()
    stream(range(10), work, work, work, total=10)
    assert time.perf_counter() - begun < 10 * 3 * pause * 0.7


def test_no_more_than_a_few_blocks_are_on_the_way() -> None:
    on_the_way, most, lock = 0, 0, threading.Lock()

    def count(change: int) -> None:
        nonlocal on_the_way, most
        with lock:
            on_the_way += change
            most = max(most, on_the_way)

    def read(block: int) -> int:
        count(1)
        return block

    def write(block: int, result: int) -> None:
        time.sleep(0.005)
        count(-1)

    stream(range(50), read, lambda block, loaded: loaded, write, total=50, depth=2)
    assert most <= 2 + 1 + 2 + 1
    assert on_the_way == 0


@pytest.mark.parametrize("stage", ["read", "infer", "write"])
def test_what_breaks_one_stage_ends_all(stage: str) -> None:
    reached: list[int] = []

    def maybe(name: str, block: int) -> int:
        if name == stage and block == 5:
            raise OSError("the disk is full")
        if name == "read":
            reached.append(block)
        return block

    with pytest.raises(OSError, match="the disk is full"):
        stream(
            range(1000), lambda block: maybe("read", block), lambda block, _: maybe("infer", block),
            lambda block, _: maybe("write", block) and None, total=1000,
        )  # fmt: skip
    assert max(reached) < 30
    assert threading.active_count() < 20


def test_a_cancel_is_seen_while_a_read_takes_long() -> None:
    stop = threading.Event()

    def read(block: int) -> int:
        stop.set()
        time.sleep(0.6)
        return block

    begun = time.perf_counter()
    with pytest.raises(Cancelled):
        stream(range(100), read, lambda b, x: x, lambda b, x: None, total=100, progress=Progress(cancelled=stop.is_set))
    assert time.perf_counter() - begun < 1.5


def test_nothing_to_do_is_fine() -> None:
    assert stream([], lambda b: b, lambda b, x: x, lambda b, x: None, total=0) == 0


def test_blocks_are_inferred_side_by_side_and_written_in_order() -> None:
    together, most, lock, written = 0, 0, threading.Lock(), []

    def infer(block: int, loaded: int) -> int | None:
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
        time.sleep(0.004 * (1 + (7 * block) % 3))
        with lock:
            together -= 1
        return None if block % 5 == 0 else loaded

    count = stream(range(30), lambda b: b, infer, lambda b, x: written.append(x), total=30, workers=3)
    assert written == [block for block in range(30) if block % 5]
    assert count == len(written) and most == 3


def test_memory_is_bounded_with_many_workers() -> None:
    alive, most, lock = 0, 0, threading.Lock()

    def change(by: int) -> None:
        nonlocal alive, most
        with lock:
            alive += by
            most = max(most, alive)

    def write(block: int, result: int) -> None:
        time.sleep(0.003)
        change(-1)

    stream(range(60), lambda b: (change(1), b)[1], lambda b, x: x, write, total=60, depth=2, workers=4)
    assert alive == 0 and most <= (4 + 2) + 1 + (2 + 1)
