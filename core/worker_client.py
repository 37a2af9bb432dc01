"""The parent's side of the worker: starts it, asks it for jobs, stops it. Standard library only.

The same class serves QGIS (Python 3.9 and newer), the command line and Python scripts::

    with WorkerClient(find_interpreter()) as worker:
        outputs = worker.run("embed", {"raster": ..., "model": ..., "output": ...})
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from botaclip.core import errors, unfinished
from botaclip.core.errors import BotaclipError, Cancelled, WorkerError

BOOT = Path(__file__).resolve().with_name("worker_boot.py")
PROTOCOL = 1
# What QGIS or a shell sets for its own libraries makes those of the worker fail: QGIS's PROJ_LIB, for one, makes
# rasterio's wheel misread every CRS.
UNWANTED = ("PYTHON", "PROJ_", "GDAL_", "QT_", "LD_", "DYLD_", "__PYVENV_LAUNCHER__")

# What helps where no worker comes up, whatever the reason.
MEND = (
    "run botaclip setup, or in QGIS the algorithm Set up the environment, which makes it anew; or check the setting of "
    "the worker's Python"
)
POLL_S = 0.05
GRACE_S = 1.0
START_S = 60.0
LINES_KEPT = 200

ProgressCallback = Callable[[float, str, "float | None"], None]
LogCallback = Callable[[str, str], None]


def clean_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a copy of ``environment`` (default: this process's) without what would mislead the worker."""
    given = os.environ if environment is None else environment
    return {name: value for name, value in given.items() if not name.upper().startswith(UNWANTED)}


class WorkerClient:
    """One worker process, started when first needed and kept warm; started again after it died or was killed.

    One job runs at a time; a second caller waits for its turn. :meth:`cancel` and :meth:`close` may be called from
    any thread.

    Parameters
    ----------
    interpreter
        The Python that runs the worker, see :func:`botaclip.core.interpreter.find_interpreter`.
    boot
        The worker's first file.
    """

    def __init__(self, interpreter: str | os.PathLike[str], *, boot: str | os.PathLike[str] = BOOT) -> None:
        self._command = [os.fspath(interpreter), "-I", os.fspath(boot)]
        self._turn = threading.Lock()
        self._cancel = threading.Event()
        self._closing = False
        self._process: subprocess.Popen[bytes] | None = None
        self._readers: list[threading.Thread] = []
        self._messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._stderr: collections.deque[str] = collections.deque(maxlen=LINES_KEPT)
        self._parts: set[str] = set()
        self._number = 0

    @property
    def pid(self) -> int | None:
        """Process number of the running worker, None when none runs."""
        process = self._process
        return None if process is None or _ended(process) else process.pid

    def diagnostics(self) -> str:
        """Return the last lines that the worker wrote to stderr: library warnings, tracebacks."""
        return "\n".join(self._stderr)

    def start(self, *, is_cancelled: Callable[[], bool] | None = None) -> None:
        """Start the worker if none runs, and wait until it is ready.

        Raises
        ------
        WorkerError
            It cannot be started, or is of another version.
        Cancelled
            ``is_cancelled`` said so while waiting.
        """
        with self._my_turn(is_cancelled):
            self._start(is_cancelled)

    def run(
        self,
        command: str,
        parameters: Mapping[str, Any],
        *,
        progress: ProgressCallback | None = None,
        log: LogCallback | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> dict[str, Any]:
        """Run one job and return its outputs.

        Parameters
        ----------
        command, parameters
            Name of the command and its parameters by option key, paths absolute.
        progress
            Called as ``progress(fraction, message, seconds_left)``, at most ten times a second.
        log
            Called as ``log(level, message)``, level ``"info"`` or ``"warning"``.
        is_cancelled
            Asked about twenty times a second, in the calling thread; True stops the job.

        Raises
        ------
        Cancelled
            The job was stopped; nothing unfinished is left.
        BotaclipError
            The job's own worded error, of its own class.
        WorkerError
            The worker could not be started, died, or broke the protocol.
        """
        with self._my_turn(is_cancelled):
            self._start(is_cancelled)
            self._number += 1
            self._parts.clear()
            request = {"type": "run", "id": self._number, "command": command, "parameters": dict(parameters)}
            try:
                self._send(request)
                answer = self._follow(self._number, progress, log, is_cancelled)
            except BaseException:
                # Whatever interrupts us (a failing callback, KeyboardInterrupt), the job must not go on unseen.
                self._kill()
                raise
        if isinstance(answer, BotaclipError):
            raise answer
        return answer

    def cancel(self) -> None:
        """Ask the running job to stop; its :meth:`run` raises ``Cancelled`` within a little over a second."""
        self._cancel.set()

    def close(self) -> None:
        """End the worker, also in the middle of a job; it can be started again."""
        self._closing = True
        self._cancel.set()
        try:
            with self._turn:
                self._end()
        finally:
            self._closing = False

    def __enter__(self) -> WorkerClient:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _my_turn(self, is_cancelled: Callable[[], bool] | None) -> Iterator[None]:
        while not self._turn.acquire(timeout=POLL_S):
            if is_cancelled is not None and is_cancelled():
                raise Cancelled
        try:
            if not self._closing:
                self._cancel.clear()
            yield
        finally:
            self._turn.release()

    def _start(self, is_cancelled: Callable[[], bool] | None) -> None:
        if self.pid is not None:
            return
        self._kill()
        self._stderr.clear()
        flags: dict[str, Any] = {"start_new_session": True}
        if os.name == "nt":
            flags = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}  # type: ignore[attr-defined]
        try:
            process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=clean_environment(), **flags,
            )  # fmt: skip
        except OSError as error:
            raise WorkerError(
                f"the worker cannot be started ({error.strerror or error})",
                where=self._command[0],
                remedy=MEND,
            ) from error
        self._process = process
        self._messages = queue.Queue()
        self._readers = [
            threading.Thread(target=_read_messages, args=(process.stdout, self._messages), daemon=True),
            threading.Thread(target=_read_lines, args=(process.stderr, self._stderr), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        try:
            self._await_ready(time.monotonic() + START_S, is_cancelled)
        except BaseException:
            self._kill()
            raise

    def _await_ready(self, deadline: float, is_cancelled: Callable[[], bool] | None) -> None:
        while True:
            if self._cancel.is_set() or (is_cancelled is not None and is_cancelled()):
                raise Cancelled
            with contextlib.suppress(queue.Empty):
                message = self._messages.get(timeout=POLL_S)
                if message is None:
                    raise self._death("the worker could not be started", MEND)
                if message.get("type") == "broken":
                    raise WorkerError(
                        f"what was started there is no worker: it says {message['line'].strip()!r}",
                        where=self._command[0], remedy=MEND,
                    )  # fmt: skip
                if message.get("protocol") != PROTOCOL:
                    raise WorkerError(
                        "the worker is of another version", where=self._command[2],
                        remedy="close QGIS and start it again, so that both are of the same version",
                    )  # fmt: skip
                return
            if time.monotonic() > deadline:
                raise WorkerError(
                    f"the worker did not answer within {START_S:.0f} s",
                    where=self._command[0],
                    remedy=MEND,
                )

    def _send(self, message: Mapping[str, Any]) -> None:
        process = self._process
        if process is None or process.stdin is None:
            raise WorkerError("the worker does not run")
        # A worker that has just died shows itself to whoever waits for its answer.
        with contextlib.suppress(OSError, ValueError):
            process.stdin.write(json.dumps(message, default=os.fspath).encode("ascii") + b"\n")
            process.stdin.flush()

    def _follow(
        self,
        number: int,
        progress: ProgressCallback | None,
        log: LogCallback | None,
        is_cancelled: Callable[[], bool] | None,
    ) -> dict[str, Any] | BotaclipError:
        """Return the worker's answer; raise where there is none, and the worker has to be killed."""
        asked_at: float | None = None
        while True:
            if asked_at is None and (self._cancel.is_set() or (is_cancelled is not None and is_cancelled())):
                asked_at = time.monotonic()
                self._send({"type": "cancel", "id": number})
            if asked_at is not None and time.monotonic() - asked_at > GRACE_S:
                raise Cancelled
            try:
                message = self._messages.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if message is None:
                raise Cancelled if asked_at is not None else self._death("the worker died")
            kind = message.get("type")
            if kind == "broken":
                raise WorkerError(f"the worker's answer cannot be read: {message['line']}")
            if message.get("id") != number:
                continue
            if kind in ("part", "done"):
                self._note_part(message)
            elif kind == "progress" and progress is not None and asked_at is None:
                progress(message["fraction"], message["message"], message["seconds_left"])
            elif kind == "log" and log is not None:
                log(message["level"], message["message"])
            elif kind == "cancelled" or (asked_at is not None and kind in ("result", "error")):
                return Cancelled()
            elif kind == "result":
                outputs: dict[str, Any] = message["outputs"]
                return outputs
            elif kind == "error":
                return _worded(message)

    def _note_part(self, message: Mapping[str, Any]) -> None:
        (self._parts.add if message["type"] == "part" else self._parts.discard)(message["path"])

    def _death(self, found: str, mend: str = "") -> WorkerError:
        """Return in words how the process ended, and what mends it; called once its stdout is closed."""
        process, code = self._process, None
        deadline = time.monotonic() + GRACE_S
        while process is not None and time.monotonic() < deadline and code is None:
            if _ended(process):
                kill_tree(process)
                code = process.returncode
            else:
                time.sleep(POLL_S)
        self._readers[1].join(timeout=0.2)
        last = next((line for line in reversed(self._stderr) if line.strip()), "")
        how, remedy = exit_in_words(code)
        said = f"; its last words were: {last.strip()}" if last else ""
        return WorkerError(f"{found}: {how}{said}", where=self._command[0], remedy=mend or remedy)

    def _end(self) -> None:
        """Close the worker's stdin, on which it ends; kill it where it does not."""
        process = self._process
        if process is not None and not _ended(process) and process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=GRACE_S)
        self._kill()

    def _kill(self) -> None:
        """Kill the worker and its children, remove what they left unfinished."""
        process = self._process
        if process is None:
            return
        kill_tree(process)
        for reader in self._readers:
            reader.join(timeout=0.5)
        while True:  # what was announced while we did not listen
            try:
                message = self._messages.get_nowait()
            except queue.Empty:
                break
            if message is not None and message.get("type") in ("part", "done"):
                self._note_part(message)
        for part in self._parts:
            unfinished.discard(Path(part))
        self._parts.clear()
        for stream in (process.stdin, process.stdout, process.stderr):
            # A reader still inside a read holds the stream's lock; its daemon thread then closes nothing.
            if stream is not None and not any(reader.is_alive() for reader in self._readers):
                with contextlib.suppress(OSError, ValueError):
                    stream.close()
        self._process = None


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether ``process`` ended, where possible without giving its number away: its group still bears it."""
    if process.returncode is None and hasattr(os, "waitid"):
        with contextlib.suppress(ChildProcessError):
            return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return process.poll() is not None


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill ``process``, which leads its own group, and all its children; wait shortly for its end."""
    if os.name == "nt":
        if process.poll() is None:
            subprocess.run(
                ["taskkill", "/T", "/F", "/PID", str(process.pid)],
                capture_output=True, check=False, creationflags=subprocess.CREATE_NO_WINDOW,  # type: ignore[attr-defined]
            )  # fmt: skip
    else:
        # Also where the leader is dead already, for its children may live on; its number is not given away before
        # it was waited for.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=GRACE_S)


def exit_in_words(code: int | None) -> tuple[str, str]:
    """Return what an exit code means, and what to do about it."""
    smaller = (
        "close other programs, or choose a smaller extent or a larger stride; what was finished of a map is kept, and "
        "the same command goes on from there"
    )
    log = "its last messages are in the worker's log"
    if code is None:
        return "it closed the connection", log
    if os.name == "nt" or code >= 0:
        if code & 0xFFFFFFFF == 0xC0000005:
            return "a native library crashed (access violation)", log
        return f"it ended with exit code {code}", log
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    if name == "SIGKILL":
        return "it was killed (SIGKILL), probably because memory ran out", smaller
    if name in ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT"):
        return f"a native library crashed ({name})", log
    return f"it was ended by {name}", log


def _worded(message: Mapping[str, Any]) -> BotaclipError:
    kind = getattr(errors, str(message.get("kind")), None)
    if not (isinstance(kind, type) and issubclass(kind, BotaclipError)) or kind is Cancelled:
        kind = WorkerError
    return kind(str(message.get("message")))


def _read_messages(stream: BinaryIO, messages: queue.Queue[dict[str, Any] | None]) -> None:
    with contextlib.suppress(OSError, ValueError):
        for line in stream:
            try:
                message = json.loads(line)
            except ValueError:
                message = None
            if not isinstance(message, dict):
                message = {"type": "broken", "line": line[:80].decode("ascii", "replace")}
            messages.put(message)
    messages.put(None)


def _read_lines(stream: BinaryIO, lines: collections.deque[str]) -> None:
    with contextlib.suppress(OSError, ValueError):
        for line in stream:
            lines.append(line.decode("utf-8", "replace").rstrip())
