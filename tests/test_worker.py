"""The worker's own parts: wording, JSON, threads, checks before work; the process itself is in test_worker_client."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from botaclip.core import worker
from botaclip.core.errors import EnvironmentMissing, OptionError, OutputError, RasterError, WorkerError
from botaclip.core.jobs import resolve
from botaclip.core.progress import SILENT, Progress


def test_plain_is_strict_json() -> None:
    value: dict[Any, Any] = {
        "path": Path("/a"), 1: np.float32(0.5), "nan": float("nan"), "inf": np.float64("inf"), "n": np.int64(3),
        "array": np.array([[1.0, np.nan]]), "tuple": (True, None), "flag": np.bool_(True),
    }  # fmt: skip
    assert json.loads(json.dumps(worker.plain(value), allow_nan=False)) == {
        "path": "/a", "1": 0.5, "nan": None, "inf": None, "n": 3, "array": [[1.0, None]], "tuple": [True, None],
        "flag": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (RasterError("bad"), RasterError, "bad."),
        (ModuleNotFoundError("No module named 'rasterio'", name="rasterio"), EnvironmentMissing, "set 'run'"),
        (ModuleNotFoundError("x", name="sklearn.svm"), EnvironmentMissing, "set 'train'"),
        (ImportError("libcuda.so: cannot open", name="torch"), EnvironmentMissing, "cannot be loaded (libcuda.so"),
        (ModuleNotFoundError("x", name="botaclip.core.gone"), WorkerError, "something unforeseen"),
        (MemoryError(), WorkerError, "not enough memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), WorkerError, "not enough memory"),
        (OSError(28, "No space left on device"), OutputError, "the disk is full"),
        (OSError(5, "Input/output error", "/x"), WorkerError, "OSError: [Errno 5] Input/output error: '/x'"),
        (KeyError("cover"), WorkerError, "KeyError: 'cover'"),
    ],
)
def test_in_words(error: BaseException, kind: type, words: str) -> None:
    worded = worker.in_words(error)
    assert type(worded) is kind and words in worded.sentence


def test_prepare_types_warns_and_checks(tmp_path: Path) -> None:
    warned: list[str] = []
    progress = Progress(log=lambda level, message: warned.append(f"{level}: {message}"))
    given = {"raster": "/a", "model": "/m", "output": str(tmp_path / "e.tif"), "stride": "10", "rastre": "/a"}
    parameters = worker.prepare("embed", given, progress)
    assert parameters["stride"] == 10.0 and parameters["dimensions"] == "64" and "rastre" not in parameters
    assert warned == ["warning: embed has no option 'rastre'; it is ignored"]
    (tmp_path / "e.tif").touch()
    with pytest.raises(OutputError, match="exists already"):
        worker.prepare("embed", given, SILENT)
    with pytest.raises(OptionError, match="--raster is missing"):
        worker.prepare("embed", {}, SILENT)
    assert worker.prepare("click", {"anything": 1}, SILENT) == {"anything": 1}


def test_demo_data_may_write_into_a_folder_that_exists(tmp_path: Path) -> None:
    assert worker.prepare("demo-data", {"output": str(tmp_path)}, SILENT)["plots"] == 1000


def test_threads_are_limited_to_the_usable_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "1")
    worker.limit_threads()
    assert os.environ["OMP_NUM_THREADS"] == str(len(os.sched_getaffinity(0)))
    assert os.environ["MKL_NUM_THREADS"] == "1"


def test_unknown_command_names_the_known() -> None:
    known = "ablate, aoa, cache, change, click, clusters, demo-data"
    with pytest.raises(OptionError, match=f"there is no command 'embedd'. Use one of {known}"):
        resolve("embedd")
