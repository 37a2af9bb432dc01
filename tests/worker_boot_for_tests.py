"""A worker with small jobs of its own, so that the process can be tested without any data. Not reachable for users:
only a parent written in Python can name another boot file. Run as ``python -I``, like the real one.
"""

from __future__ import annotations

import ctypes
import importlib.util
import multiprocessing
import os
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

_SPEC = importlib.util.spec_from_file_location(
    "_worker_boot", Path(__file__).resolve().parents[1] / "core" / "worker_boot.py"
)
assert _SPEC is not None and _SPEC.loader is not None
worker_boot = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(worker_boot)  # registers the checkout as package ``botaclip``, in spawn children too


def echo(parameters: dict[str, Any], progress: Any) -> dict[str, Any]:
    """Return what was given, and who answers."""
    here = {"pid": os.getpid(), "environment": dict(os.environ), "path": sys.path, "flags": sys.flags.isolated}
    return {**parameters, **here}


def chatter(parameters: dict[str, Any], progress: Any) -> dict[str, Any]:
    """Write to descriptor 1 by all roads there are."""
    print('{"type": "result", "id": 1, "outputs": {"forged": true}}', flush=True)
    os.write(1, b"half a line without an end {")
    os.system("echo from a shell")
    library = ctypes.CDLL(None)
    library.puts(b"from C")
    library.fflush(None)
    read = os.read(0, 100)
    sys.__stdout__.write("through the first stdout\n")
    sys.__stdout__.flush()
    return {"said": "all", "stdin": read.decode()}


def report(parameters: dict[str, Any], progress: Any) -> dict[str, Any]:
    """Report quickly, now and then backwards, with a log line and a warning."""
    progress.info("begins")
    progress.warning("mind the gap")
    start = time.monotonic()
    while (passed := (time.monotonic() - start) / parameters["seconds"]) < 1.0:
        progress.update(passed - 0.2 * (int(passed * 1000) % 2), "works")
        time.sleep(0.001)
    progress.update(1.0, "done")
    return {}


def _where(_: int) -> list[str]:
    import json

    import numpy

    import botaclip

    time.sleep(0.2)
    name = multiprocessing.current_process().name
    return [str(os.getpid()), json.__file__, numpy.__file__, str(botaclip.__file__), name]


def spawn(parameters: dict[str, Any], progress: Any) -> dict[str, Any]:
    """Ask two spawned children where their modules come from."""
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        return {"children": list(pool.map(_where, range(2)))}


def _sleep(seconds: float, note: str) -> None:
    Path(note).write_text(str(os.getpid()))
    time.sleep(seconds)


def write(parameters: dict[str, Any], progress: Any) -> dict[str, Any]:
    """Write an output slowly, with a spawned child beside; heed a cancel only where asked to."""
    from botaclip.core.unfinished import unfinished

    output = Path(parameters["output"])
    note = parameters.get("note")
    if note:
        multiprocessing.get_context("spawn").Process(target=_sleep, args=(60.0, note), daemon=True).start()
    with unfinished(output, overwrite=True) as part:
        part.write_text("half")
        Path(f"{part}.aux.xml").write_text("beside it")
        deadline = time.monotonic() + parameters.get("seconds", 30.0)
        while time.monotonic() < deadline:
            if parameters.get("heeds", True):
                progress.update(0.5, "writes")
            elif not parameters.get("quiet"):
                progress._report(0.5, "deaf")
            time.sleep(0.01)
    return {"output": output}


def embed(parameters: dict[str, Any], progress: Any) -> dict[str, Any]:
    """Stand in for the real command; ``model`` carries the behaviour, so that the command line needs no new option."""
    behaviour = Path(parameters["model"]).name
    if behaviour == "fails":
        raise ValueError("a dirty\nvalue")
    if behaviour == "dies":
        os.kill(os.getpid(), signal.SIGSEGV)
    if behaviour == "quick":
        progress.update(0.5, "half")
        progress.warning("mind the gap")
        Path(parameters["output"]).write_text("whole")
        return {"output": parameters["output"], "nan": float("nan")}
    return write({"output": parameters["output"], "heeds": behaviour == "heeds", "note": parameters["mask"]}, progress)


def fail(parameters: dict[str, Any], progress: Any) -> dict[str, Any]:
    """Fail in the way asked for."""
    from botaclip.core import errors

    how = parameters["how"]
    if how == "worded":
        raise errors.RasterError("it has no CRS", where="a.tif", remedy="assign one")
    if how == "missing":
        raise ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn")
    if how == "memory":
        raise MemoryError("Unable to allocate 3 GiB")
    if how == "full":
        raise OSError(28, "No space left on device", "/x/a.tif")
    if how == "exit":
        raise SystemExit(0)
    if how == "signal":
        os.kill(os.getpid(), parameters["signal"])
        time.sleep(5)
    if how == "status":
        os._exit(7)
    raise ValueError("a dirty\nvalue")


JOBS = {
    "echo": echo, "chatter": chatter, "proceed": report, "spawn": spawn, "write": write, "fail": fail, "embed": embed,
    "devices": lambda parameters, progress: {"devices": [{"name": "cpu", "é": 1.5}]},
    "info": lambda parameters, progress: {"print": ["two", "lines"], "model": parameters["model"]},
}  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(worker_boot.main(jobs=JOBS))
