"""The command line in this process, with one warm worker for many calls: the real path at a tenth of its price."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from botaclip.core import cli
from botaclip.core.worker_client import WorkerClient

# Commands that tests start make the same checks as the ones in this process.
COMMAND = [sys.executable, "-I", str(Path(cli.__file__).with_name("cli_boot.py"))]


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The error's sentence."""
        return self.err.splitlines()[-1] if self.err else ""


class WarmCli:
    """``botaclip`` as a function.

    The worker stays between calls; everything else is the command line's own: options, checks, messages, exit code.
    """

    def __init__(self) -> None:
        self.worker = WorkerClient(sys.executable)

    def __call__(self, *words: object) -> Answer:
        worker = self.worker

        class Warm:
            run, diagnostics = worker.run, worker.diagnostics

            def __init__(self, *_: Any, **__: Any) -> None: ...

            def close(self) -> None: ...

        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cli, "WorkerClient", Warm)
            patch.setenv("BOTACLIP_PYTHON", sys.executable)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = cli.main([str(word) for word in words] + ["--progress", "none"])
        return Answer(code, out.getvalue(), err.getvalue())

    def refuses(self, *words: object, folder: Path, says: tuple[str, ...]) -> str:
        """Run a command that must fail in one clear sentence and leave ``folder`` as it was; return the sentence."""
        before = listing(folder)
        answer = self(*words)
        check_refusal(answer, says)
        assert listing(folder) == before, "something was left behind"
        return answer.sentence


def check_refusal(answer: Answer, says: tuple[str, ...]) -> None:
    """Hold an answer against what every refusal promises, and against the words that this one must say."""
    assert answer.code == 1, f"exit code {answer.code}: {answer.out}{answer.err}"
    assert answer.out == ""
    assert len(re.findall(r"^Error: ", answer.err, re.MULTILINE)) == 1 and answer.sentence.startswith("Error: ")
    said = answer.sentence
    assert said.endswith(".") and len(said) < 600
    for word in ("Traceback", "unforeseen", "rasterio._", "/onnxruntime_src", "\x1b"):
        assert word not in answer.err, answer.err
    missing = [words for words in says if words.lower() not in said.lower()]
    assert not missing, f"{said!r} does not say {missing}"


def listing(folder: Path) -> dict[str, str]:
    """Return every path under a folder with the digest of its content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in sorted(folder.rglob("*"))
    }


@contextlib.contextmanager
def warm_cli() -> Iterator[WarmCli]:
    """Yield a :class:`WarmCli` and end its worker, for fixtures."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    cli_ = WarmCli()
    try:
        yield cli_
    finally:
        cli_.worker.close()
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
