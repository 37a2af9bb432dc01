"""The worker: one job at a time, told and answered in JSON lines; warm between jobs.

The main thread runs jobs; a second one reads the parent's messages, so that a cancel is seen and a vanished parent
noticed while numeric code runs. The protocol is described in ``docs/architecture.md``.
"""

from __future__ import annotations

import errno
import json
import math
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import botaclip
from botaclip.core import commands, options, unfinished
from botaclip.core.errors import (
    BotaclipError,
    Cancelled,
    EnvironmentMissing,
    OutputError,
    WorkerError,
)
from botaclip.core.jobs import JOBS, Job, resolve
from botaclip.core.progress import Progress, TimeLeft

PROTOCOL = 1
SECONDS_BETWEEN_REPORTS = 0.1

# Which set of the environment brings a package, by import name.
PACKAGE_SETS: Mapping[str, str] = {
    **dict.fromkeys(
        ("numpy", "rasterio", "affine", "pyproj", "pyogrio", "onnxruntime", "safetensors", "threadpoolctl", "psutil"),
        "run",
    ),
    **dict.fromkeys(("sklearn", "scipy", "skl2onnx", "pandas", "onnx", "matplotlib"), "train"),
    "torch": "torch",
}


class Worker:
    """Serves one parent over two private streams.

    Parameters
    ----------
    from_parent, to_parent
        The protocol's streams, see :func:`botaclip.core.worker_boot.private_streams`.
    jobs
        Command name -> ``"module:function"`` or function; by default the table of ``core/jobs.py``.
    """

    def __init__(
        self, from_parent: BinaryIO, to_parent: BinaryIO, *, jobs: Mapping[str, str | Job] | None = None
    ) -> None:
        self._from_parent = from_parent
        self._to_parent = to_parent
        self._jobs = JOBS if jobs is None else jobs
        self._sending = threading.Lock()
        self._requests: queue.Queue[dict[str, Any]] = queue.Queue()
        self._cancelled: set[Any] = set()
        self._parts: set[str] = set()
        self._id: Any = None

    def serve(self) -> NoReturn:
        """Run jobs until the parent closes the connection, which ends the process."""
        limit_threads()
        unfinished.announce = self._announce
        threading.Thread(target=self._listen, name="botaclip-listen", daemon=True).start()
        self._send({"type": "ready", "pid": os.getpid(), "version": botaclip.__version__, "protocol": PROTOCOL})
        while True:
            self._run(self._requests.get())

    def _listen(self) -> None:
        """Read messages; when there are no more, leave nothing behind and end the process, whatever it is doing."""
        try:
            for line in self._from_parent:
                message = json.loads(line)
                if message["type"] == "run":
                    self._requests.put(message)
                elif message["type"] == "cancel":
                    self._cancelled.add(message["id"])
        except (OSError, ValueError, KeyError, TypeError):
            traceback.print_exc()
        finally:
            self._end()

    def _end(self) -> NoReturn:
        for part in list(self._parts):
            unfinished.discard(Path(part))
        end_process_tree()

    def _send(self, message: dict[str, Any]) -> None:
        line = json.dumps(plain(message), allow_nan=False).encode("ascii") + b"\n"
        with self._sending:
            try:
                while line:
                    line = line[self._to_parent.write(line) :]
            except OSError:
                self._end()

    def _announce(self, what: str, path: str) -> None:
        (self._parts.add if what == "part" else self._parts.discard)(path)
        self._send({"type": what, "id": self._id, "path": path})

    def _run(self, message: dict[str, Any]) -> None:
        self._id = number = message.get("id")
        try:
            progress = Progress(
                Reporter(self, number),
                lambda level, text: self._send({"type": "log", "id": number, "level": level, "message": text}),
                lambda: number in self._cancelled,
            )
            progress.check()
            command = message.get("command", "")
            parameters = prepare(command, message.get("parameters") or {}, progress)
            outputs = resolve(command, self._jobs)(parameters, progress)
            answer: dict[str, Any] = {"type": "result", "id": number, "outputs": plain(outputs or {})}
        except Cancelled:
            answer = {"type": "cancelled", "id": number}
        except BaseException as error:  # also SystemExit: a job must not end the worker unheard
            worded = in_words(error)
            if worded is not error:
                traceback.print_exc()
            answer = {"type": "error", "id": number, "kind": type(worded).__name__, "message": worded.sentence}
        self._cancelled.discard(number)
        sys.stderr.flush()
        self._send(answer)


class Reporter:
    """Sends progress at most ten times a second, never backwards, with the time left."""

    def __init__(self, worker: Worker, number: Any) -> None:
        self._worker = worker
        self._number = number
        self._lock = threading.Lock()
        self._time_left = TimeLeft()
        self._fraction = 0.0
        self._sent = -math.inf

    def __call__(self, fraction: float, message: str) -> None:
        """Report ``fraction`` of the whole job."""
        with self._lock:
            now = time.monotonic()
            finished = fraction >= 1.0 > self._fraction
            self._fraction = max(self._fraction, min(fraction, 1.0))
            if now - self._sent < SECONDS_BETWEEN_REPORTS and not finished:
                return
            self._sent = now
            left = self._time_left.update(self._fraction, now)
            self._worker._send(
                {
                    "type": "progress", "id": self._number, "fraction": round(self._fraction, 5),
                    "message": message, "seconds_left": None if left is None else round(left, 1),
                }
            )  # fmt: skip


def prepare(command: str, given: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Return the typed parameters of ``command``; warn of unknown names and check the outputs before any work.

    Commands without an option table, those that the faces ask for themselves, get what was given.
    """
    described = commands.COMMANDS.get(command)
    if described is None:
        return dict(given)
    parameters, unknown = options.parse_parameters(described, given)
    for name in unknown:
        progress.warning(f"{command} has no option {name!r}; it is ignored")
    options.check_outputs(described, parameters)
    for option in described.options:
        value = parameters[option.key]
        # A map of several scenes is a folder, which the job itself looks into before it replaces it.
        folder = option.kind is options.Kind.OUTPUT_RASTER and value and Path(value).is_dir()
        if value and option.kind in options.OUTPUT_KINDS - {options.Kind.OUTPUT_FOLDER} and not folder:
            unfinished.check_writable(Path(value), overwrite=bool(parameters.get("overwrite")))
    return parameters


def in_words(error: BaseException) -> BotaclipError:
    """Return ``error`` as one that can be shown to the user; worded ones as they are."""
    if isinstance(error, BotaclipError):
        return error
    if isinstance(error, ImportError):
        package = (error.name or "").partition(".")[0]
        if package in PACKAGE_SETS:
            missing = isinstance(error, ModuleNotFoundError)
            return EnvironmentMissing(
                f"the package {package} is missing" if missing else f"the package {package} cannot be loaded ({error})",
                where=sys.executable,
                remedy=f"run botaclip setup --packages {'run' if PACKAGE_SETS[package] == 'run' else 'train'}, or in "
                f"QGIS the algorithm Set up the environment; in a Python of your own, install the set "
                f"{PACKAGE_SETS[package]!r}",
            )
        if isinstance(error, ModuleNotFoundError) and package and package != "botaclip":
            return EnvironmentMissing(
                f"a package needs the module {package}, which is missing: the environment is not whole",
                where=sys.executable, remedy="run botaclip setup, or in QGIS the algorithm Set up the environment",
            )  # fmt: skip
    text = str(error).strip().partition("\n")[0]
    allocation = ("can't allocate memory", "CUDA out of memory", "Failed to allocate memory", "std::bad_alloc")
    if isinstance(error, MemoryError) or any(words in str(error) for words in allocation):
        return WorkerError(
            f"there is not enough memory ({text})" if text else "there is not enough memory",
            remedy="choose a smaller extent or a larger stride, or close other programs",
        )
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return OutputError("the disk is full", where=str(error.filename or ""), remedy="free disk space")
    return WorkerError(
        f"something unforeseen went wrong, {type(error).__name__}" + (f": {text}" if text else ""),
        remedy="please report it with the traceback, which is in the worker's log",
    )


def plain(value: Any) -> Any:
    """Return ``value`` as strict JSON can hold it: paths as text, NumPy as Python, nan and infinity as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, (bool, int, str)) or value is None:
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)


def limit_threads() -> None:
    """Keep every library's thread pool to the cores this process may use; before any of them is loaded.

    The variables also reach child processes, which a limit set in the running libraries would not.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        os.environ.setdefault(name, str(cores))


def end_process_tree() -> NoReturn:
    """End this process and its children at once.

    Workers of a process pool wait for each other's pipe, not for ours, and would outlive us.
    """
    sys.stderr.flush()
    if os.name == "nt":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(os.getpid())], capture_output=True, check=False)
    elif os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)
