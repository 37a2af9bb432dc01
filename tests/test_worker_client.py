"""The worker process seen from its parent: protocol, cancelling, death, cleaning up. POSIX; real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from botaclip.core.errors import Cancelled, EnvironmentMissing, OutputError, RasterError, WorkerError
from botaclip.core.worker_client import WorkerClient, clean_environment, exit_in_words

BOOT = Path(__file__).with_name("worker_boot_for_tests.py")


@pytest.fixture
def worker() -> Iterator[WorkerClient]:
    with WorkerClient(sys.executable, boot=BOOT) as client:
        yield client


def wait_for(condition: Callable[[], Any], seconds: float = 15.0) -> Any:
    """Return the first true value of ``condition``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"it did not come about within {seconds} s")


def runs(pid: int) -> bool:
    """Tell whether the process runs; what nobody has waited for yet does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def parts(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if ".part" in path.name)


def later(action: Callable[[], Any], condition: Callable[[], Any]) -> threading.Thread:
    """Do ``action`` in a thread once ``condition`` is true."""
    thread = threading.Thread(target=lambda: (wait_for(condition), action()), daemon=True)
    thread.start()
    return thread


def test_answers_and_stays_warm(worker: WorkerClient) -> None:
    first = worker.run("echo", {"species": "Épilobe", "path_like": Path("/a")})
    second = worker.run("echo", {})
    assert first["species"] == "Épilobe" and first["path_like"] == "/a"
    assert first["pid"] == second["pid"] == worker.pid
    assert first["flags"] == 1


def test_environment_is_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    nonsense = {
        "PROJ_LIB": "/nonsense", "PROJ_DATA": "/nonsense", "PYTHONPATH": "/nonsense", "PYTHONHOME": "/nonsense",
        "GDAL_DATA": "/nonsense", "QT_PLUGIN_PATH": "/nonsense", "LD_LIBRARY_PATH": "/nonsense", "DYLD_X": "1",
    }  # fmt: skip
    for name, value in nonsense.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BOTACLIP_KEPT", "yes")
    assert not set(clean_environment()) & set(nonsense)
    with WorkerClient(sys.executable, boot=BOOT) as worker:
        answer = worker.run("echo", {})
    assert not set(answer["environment"]) & set(nonsense)
    assert answer["environment"]["BOTACLIP_KEPT"] == "yes"
    assert "/nonsense" not in answer["path"]


def test_nothing_printed_breaks_the_protocol(worker: WorkerClient) -> None:
    deadline = time.monotonic() + 10.0  # a job that waits for our messages on stdin would wait for ever
    answer = worker.run("chatter", {}, is_cancelled=lambda: time.monotonic() > deadline)
    assert answer == {"said": "all", "stdin": ""}
    assert worker.run("echo", {"still": "here"})["still"] == "here"
    wait_for(lambda: "from a shell" in worker.diagnostics())
    said = worker.diagnostics()
    assert all(words in said for words in ("forged", "half a line", "from C", "through the first stdout"))


def test_hostile_modules_beside_two_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("json", "numpy", "botaclip", "multiprocessing", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('hijacked')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    answers: list[dict[str, Any]] = []

    def ask() -> None:
        with WorkerClient(sys.executable, boot=BOOT) as worker:
            answers.append(worker.run("spawn", {}))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    children = [child for answer in answers for child in answer["children"]]
    assert len(children) == 4
    root = str(BOOT.parents[1])
    for _pid, json_file, numpy_file, package_file, name in children:
        assert not {json_file, numpy_file, package_file} & {str(path) for path in tmp_path.iterdir()}
        assert package_file == f"{root}/__init__.py" and name.startswith("Spawn")


def test_progress_is_rare_monotone_and_knows_the_time_left(worker: WorkerClient) -> None:
    seen: list[tuple[float, str, float | None]] = []
    logged: list[tuple[str, str]] = []
    worker.run(
        "proceed", {"seconds": 3.0},
        progress=lambda *event: seen.append(event), log=lambda *event: logged.append(event),
    )  # fmt: skip
    fractions = [fraction for fraction, _, _ in seen]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert 15 <= len(seen) <= 32
    left = {fraction: seconds for fraction, _, seconds in seen if seconds is not None and fraction < 1.0}
    assert left and all(abs(seconds - 3.0 * (1.0 - fraction)) < 0.5 for fraction, seconds in left.items())
    assert logged == [("info", "begins"), ("warning", "mind the gap")]


@pytest.mark.parametrize("by", ["callback", "method"])
def test_cancel_is_honoured_and_the_worker_stays(worker: WorkerClient, tmp_path: Path, by: str) -> None:
    pid, start = worker.pid, time.monotonic()
    asked: Callable[[], bool] | None = None
    if by == "callback":
        asked = lambda: bool(parts(tmp_path))  # noqa: E731
    else:
        later(worker.cancel, lambda: parts(tmp_path))
    with pytest.raises(Cancelled):
        worker.run("write", {"output": tmp_path / "a.tif"}, is_cancelled=asked)
    assert time.monotonic() - start < 1.0
    assert list(tmp_path.iterdir()) == []
    assert worker.run("echo", {})["pid"] == pid


@pytest.mark.parametrize("quiet", [True, False])
def test_deaf_job_is_killed_with_its_children(worker: WorkerClient, tmp_path: Path, quiet: bool) -> None:
    note, out = tmp_path / "note", tmp_path / "out"
    out.mkdir()
    before = worker.pid
    asked_at: list[float] = []

    def asked() -> bool:
        if note.exists() and note.read_text() and parts(out) and not asked_at:
            asked_at.append(time.monotonic())
        return bool(asked_at)

    with pytest.raises(Cancelled):
        worker.run(
            "write", {"output": out / "a.tif", "note": str(note), "heeds": False, "quiet": quiet}, is_cancelled=asked
        )
    assert 1.0 <= time.monotonic() - asked_at[0] < 2.0
    assert not runs(before or 0)
    wait_for(lambda: not runs(int(note.read_text())), seconds=0.5)
    assert list(out.iterdir()) == []
    assert worker.run("echo", {})["pid"] != before


def test_failing_callback_stops_the_job(worker: WorkerClient, tmp_path: Path) -> None:
    def broken(*_event: Any) -> None:
        raise KeyError("broken")

    pid = worker.pid
    with pytest.raises(KeyError):
        worker.run("write", {"output": tmp_path / "a.tif", "heeds": True}, progress=broken)
    assert not runs(pid or 0) and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        ("worded", RasterError, "a.tif: it has no CRS. Assign one."),
        ("missing", EnvironmentMissing, "the package torch is missing"),
        ("memory", WorkerError, "not enough memory (Unable to allocate 3 GiB)"),
        ("full", OutputError, "/x/a.tif: the disk is full"),
        ("exit", WorkerError, "SystemExit"),
        ("unforeseen", WorkerError, "something unforeseen went wrong, ValueError: a dirty."),
    ],
)
def test_errors_are_worded(worker: WorkerClient, how: str, kind: type[Exception], words: str) -> None:
    pid = worker.pid
    with pytest.raises(kind) as caught:
        worker.run("fail", {"how": how})
    assert type(caught.value) is kind and words in str(caught.value) and "\n" not in str(caught.value)
    assert worker.run("echo", {})["pid"] == pid
    if how == "unforeseen":
        wait_for(lambda: "Traceback" in worker.diagnostics() and "in fail" in worker.diagnostics())


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"how": "signal", "signal": int(signal.SIGKILL)}, "it was killed (SIGKILL), probably because memory ran out"),
        ({"how": "signal", "signal": int(signal.SIGSEGV)}, "a native library crashed (SIGSEGV)"),
        ({"how": "status"}, "it ended with exit code 7"),
    ],
)
def test_death_is_worded_and_survived(worker: WorkerClient, parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(WorkerError, match="the worker died: ") as caught:
        worker.run("fail", parameters)
    assert words in str(caught.value)
    assert worker.pid is None
    assert worker.run("echo", {"again": 1})["again"] == 1


def test_death_removes_what_was_unfinished(worker: WorkerClient, tmp_path: Path) -> None:
    pid = worker.pid or 0
    later(lambda: os.kill(pid, signal.SIGKILL), lambda: len(parts(tmp_path)) == 2)
    with pytest.raises(WorkerError, match="SIGKILL"):
        worker.run("write", {"output": tmp_path / "a.tif"})
    assert list(tmp_path.iterdir()) == []


def test_terminal_interrupt_does_not_reach_the_job(worker: WorkerClient, tmp_path: Path) -> None:
    pid = worker.pid or 0
    assert os.getpgid(pid) == pid != os.getpgid(0)
    later(lambda: os.kill(pid, signal.SIGINT), lambda: parts(tmp_path))
    outputs = worker.run("write", {"output": tmp_path / "a.tif", "seconds": 0.5})
    assert Path(outputs["output"]).read_text() == "half"


def test_close_ends_a_running_job_and_its_children(tmp_path: Path) -> None:
    worker = WorkerClient(sys.executable, boot=BOOT)
    worker.start()
    pid, note, out, caught = worker.pid or 0, tmp_path / "note", tmp_path / "out", []
    out.mkdir()

    def work() -> None:
        try:
            worker.run("write", {"output": out / "a.tif", "note": str(note), "heeds": False, "quiet": True})
        except Cancelled as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_for(lambda: note.exists() and note.read_text() and parts(out))
    start = time.monotonic()
    worker.close()
    assert time.monotonic() - start < 2.0
    thread.join(2)
    assert len(caught) == 1 and not runs(pid) and not runs(int(note.read_text())) and list(out.iterdir()) == []


PARENT = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("boot", sys.argv[1])
spec.loader.exec_module(importlib.util.module_from_spec(spec))
from botaclip.core.worker_client import WorkerClient
worker = WorkerClient(sys.executable, boot=sys.argv[2])
worker.start()
print(worker.pid, flush=True)
worker.run("write", {"output": sys.argv[3], "note": sys.argv[4], "heeds": False, "quiet": True})
"""


def test_killed_parent_leaves_no_process(tmp_path: Path) -> None:
    note, out = tmp_path / "note", tmp_path / "out"
    out.mkdir()
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, BOOT.parents[1] / "core" / "worker_boot.py", BOOT, out / "a.tif", note],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    child = int(wait_for(lambda: note.exists() and note.read_text()))
    wait_for(lambda: parts(out))
    parent.kill()
    parent.wait()
    wait_for(lambda: not runs(pid) and not runs(child), seconds=2.0)
    assert parts(out) == []
    parent.stdout.close()


def test_stale_part_of_a_dead_worker_is_removed_by_the_next_run(worker: WorkerClient, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    for name in (f"a.tif.{dead.pid}.part", f"a.tif.{dead.pid}.part.aux.xml", f"b.tif.{dead.pid}.part"):
        (tmp_path / name).write_text("stale")
    worker.run("write", {"output": tmp_path / "a.tif", "seconds": 0.0})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tif", f"b.tif.{dead.pid}.part"]


def test_one_job_at_a_time_and_waiting_can_be_cancelled(worker: WorkerClient, tmp_path: Path) -> None:
    thread = threading.Thread(target=worker.run, args=("write", {"output": tmp_path / "a.tif", "seconds": 1.0}))
    thread.start()
    wait_for(lambda: parts(tmp_path))
    with pytest.raises(Cancelled):
        worker.run("echo", {}, is_cancelled=lambda: True)
    assert worker.run("echo", {"second": True})["second"] and (tmp_path / "a.tif").exists()
    thread.join()


@pytest.mark.parametrize(
    ("interpreter", "words"),
    [
        ("/nonexistent/python", "the worker cannot be started (No such file or directory)"),
        ("/bin/false", "the worker could not be started: it ended with exit code 1"),
    ],
)
def test_unfit_interpreter_is_worded(interpreter: str, words: str) -> None:
    with pytest.raises(WorkerError) as caught:
        WorkerClient(interpreter).start()
    assert words in str(caught.value) and interpreter in str(caught.value)


def test_exit_codes_in_words() -> None:
    assert "memory" in exit_in_words(-9)[0]
    assert exit_in_words(-11)[0] == "a native library crashed (SIGSEGV)"
    assert exit_in_words(3)[0] == "it ended with exit code 3"
    assert exit_in_words(None)[0] == "it closed the connection"


def test_unanswered_lines_are_no_result(tmp_path: Path) -> None:
    boot = tmp_path / "boot.py"
    boot.write_text(
        'import sys\nprint(\'{"type": "ready", "protocol": 1}\', flush=True)\nsys.stdin.readline()\n'
        'print("garbage", flush=True)\nsys.stdin.readline()\n'
    )
    with WorkerClient(sys.executable, boot=boot) as worker, pytest.raises(WorkerError, match="garbage"):
        worker.run("echo", {})


def test_other_protocol_is_refused(tmp_path: Path) -> None:
    boot = tmp_path / "boot.py"
    boot.write_text('print(\'{"type": "ready", "protocol": 99}\', flush=True)\ninput()\n')
    with pytest.raises(WorkerError, match="another version"):
        WorkerClient(sys.executable, boot=boot).start()
