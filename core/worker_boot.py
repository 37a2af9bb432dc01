"""The worker process's first file: ``<interpreter> -I <root>/core/worker_boot.py``. Standard library only.

It registers the folder it lies in as package ``botaclip`` instead of putting any folder on ``sys.path``: neither
an installed copy, nor another plugin, nor a ``json.py`` in the working directory can take the place of what is
meant. That happens at import level, because children started by multiprocessing's ``spawn`` import this file again
(under another name) to find their functions.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

ROOT = Path(__file__).resolve().parents[1]
OLDEST_PYTHON = (3, 10)


def register(root: Path = ROOT) -> None:
    """Make ``root`` the package ``botaclip``, in place of any installed copy."""
    present = sys.modules.get("botaclip")
    if present is not None and list(getattr(present, "__path__", ())) == [str(root)]:
        return
    spec = importlib.util.spec_from_file_location(
        "botaclip", root / "__init__.py", submodule_search_locations=[str(root)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{root} holds no package")
    module = importlib.util.module_from_spec(spec)
    sys.modules["botaclip"] = module
    spec.loader.exec_module(module)


def private_streams() -> tuple[BinaryIO, BinaryIO]:
    """Take the protocol's two ends away from descriptors 0 and 1; return (from parent, to parent).

    Descriptor 1 leads to stderr afterwards, also for C code, and descriptor 0 is empty, so that nothing a library
    prints or a child process reads can disturb the protocol. The copies are not inherited by child processes.
    """
    sys.stdout.flush()
    from_parent, to_parent = os.dup(0), os.dup(1)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return os.fdopen(from_parent, "rb"), os.fdopen(to_parent, "wb", buffering=0)


def main(jobs: Mapping[str, Any] | None = None) -> int:
    """Serve the parent until it closes the worker's stdin; ``jobs`` replaces the table of core/jobs.py."""
    if sys.version_info < OLDEST_PYTHON:
        found, oldest = ".".join(map(str, sys.version_info[:3])), ".".join(map(str, OLDEST_PYTHON))
        sys.stderr.write(f"Python {found} is too old for the worker, which needs {oldest} or newer\n")
        return 3
    # The parent alone decides when to stop: a Ctrl-C that reaches the whole terminal must not kill a job unasked.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from_parent, to_parent = private_streams()
    from botaclip.core.worker import Worker

    Worker(from_parent, to_parent, jobs=jobs).serve()
    return 0


register()

if __name__ == "__main__":
    raise SystemExit(main())
