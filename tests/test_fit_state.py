"""Kept work: whole or not there, never taken for another's, and a killed fit ends as if it had never been killed."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from scipy.sparse import csr_array

from botaclip.core.errors import OutputError
from botaclip.core.progress import Progress
from botaclip.training import fit_state as module
from botaclip.training.adapter import Adapter
from botaclip.training.alignment import Alignment, fit_adapters
from botaclip.training.fit_state import FitState, digest_of
from botaclip.training.recipe import Recipe
from botaclip.training.standardiser import Standardiser
from botaclip.training.training_table import TrainingTable

from .conftest import ROOT
from .small_tables import planted

ARRAYS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "none": np.zeros((0, 4)), "whole": np.array(7)}


def state(folder: Path, key: str = "k", **options: object) -> tuple[FitState, list[str]]:
    said: list[str] = []
    progress = Progress(log=lambda level, message: said.append(message))
    return FitState(folder, key, progress=progress, **options), said  # type: ignore[arg-type]


# --- Digests ---------------------------------------------------------------------------------------------------------


def test_digests_tell_contents_apart() -> None:
    table = planted(12)
    recipe = Recipe()
    things: list[object] = [
        None, 1, 1.0, True, "1", b"1", (1, 2), ((1,), 2), {"a": 1}, {"a": 2}, np.arange(3), np.arange(3.0),
        np.arange(3).reshape(3, 1), np.array(["a", "b"], dtype=object), recipe,
        dataclasses.replace(recipe, positives=("site",)), table.cover, csr_array(table.cover), Path("x").name,
    ]  # fmt: skip
    digests = [digest_of(thing) for thing in things]
    assert len(set(digests)) == len(digests)
    assert digest_of(1, 2) != digest_of(12) and digest_of("a", "b") != digest_of("ab")
    assert digest_of({"b": 1, "a": 2}) == digest_of({"a": 2, "b": 1})
    assert digest_of(frozenset({"b", "a"})) == digest_of(frozenset({"a", "b"}))
    with pytest.raises(TypeError, match="function"):
        digest_of(lambda: None)


def test_equal_sparse_tables_have_equal_digests_however_they_are_stored() -> None:
    dense = planted(30).cover
    sparse = csr_array(dense)
    cut = csr_array(np.vstack([dense, dense]))[np.arange(30)]
    untidy = sparse.copy()
    untidy.indices = untidy.indices.astype(np.int64)
    untidy.indptr = untidy.indptr.astype(np.int64)
    assert digest_of(sparse) == digest_of(cut) == digest_of(untidy)
    assert digest_of(sparse) != digest_of(sparse * 2)


# --- Files -----------------------------------------------------------------------------------------------------------


def test_what_is_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    kept, said = state(tmp_path / "deep" / "folder")
    assert kept.finished("fold 1") is None and not said
    assert not (tmp_path / "deep").exists()  # looking makes nothing
    kept.keep("fold 1", ARRAYS, {"columns": ["raw"], "loss": 0.5})
    found = state(tmp_path / "deep" / "folder")[0].finished("fold 1")
    assert found is not None and found.about == {"columns": ["raw"], "loss": 0.5}
    assert list(found.arrays) and set(found.arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert found.arrays[name].dtype == array.dtype and found.arrays[name].shape == array.shape
        np.testing.assert_array_equal(found.arrays[name], array)
    kept.keep("fold 1", {}, {"again": True})
    again = kept.finished("fold 1")
    assert again is not None and again.about == {"again": True}
    assert not said


def test_names_never_share_a_file(tmp_path: Path) -> None:
    kept, _ = state(tmp_path)
    names = ["fold 1", "fold-1", "Fold 1", "fold/1", "../fold 1", "x" * 300, "x" * 301, "été", ""]
    for number, name in enumerate(names):
        kept.keep(name, {}, {"number": number})
    for number, name in enumerate(names):
        found = kept.finished(name)
        assert found is not None and found.about == {"number": number}
    assert len(list(tmp_path.iterdir())) == len(names)
    assert not list(tmp_path.parent.glob("fold*"))


def test_work_of_other_data_is_not_used_and_said_once(tmp_path: Path) -> None:
    state(tmp_path)[0].keep("fold 1", ARRAYS)
    other, said = state(tmp_path, "another key")
    assert other.finished("fold 1") is None and other.finished("fold 1") is None
    assert len(said) == 1 and "made from other data or with other settings" in said[0] and str(tmp_path) in said[0]
    other.keep("fold 1", {}, {"own": 1})
    assert other.finished("fold 1") is not None
    assert state(tmp_path)[0].finished("fold 1") is None


@pytest.mark.parametrize("package", ["botaclip", "torch", "numpy", "scipy", "scikit-learn"])
def test_work_of_another_version_is_not_mixed_in_and_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    installed = importlib.metadata.version
    state(tmp_path)[0].keep("fold 1", ARRAYS)
    state(tmp_path)[0].keep("fold 2", ARRAYS)
    with monkeypatch.context() as patched:
        if package == "botaclip":
            patched.setattr(module.botaclip, "__version__", "99.0")
        else:
            patched.setattr(
                importlib.metadata, "version", lambda name: "99.0" if name == package else installed(name)
            )
        module.software.cache_clear()
        assert f"{package} 99.0" in module.software()
        kept, said = state(tmp_path)
        assert kept.finished("fold 1") is None and kept.finished("fold 2") is None
        assert len(said) == 1 and f"{package} 99.0" in said[0] and "begins anew" in said[0]
        kept.keep("fold 1", ARRAYS)
        assert kept.finished("fold 1") is not None
    module.software.cache_clear()
    assert state(tmp_path)[0].finished("fold 1") is None and state(tmp_path)[0].finished("fold 2") is not None


def test_a_piece_depends_on_more_than_the_key(tmp_path: Path) -> None:
    kept, _ = state(tmp_path)
    kept.keep("fit", ARRAYS, depends="one")
    assert kept.finished("fit", depends="one") is not None
    assert kept.finished("fit", depends="two") is None
    assert kept.finished("fit") is None


@pytest.mark.parametrize("length", [0, 5, 200, -1])
def test_a_truncated_file_is_left_out_of_account(tmp_path: Path, length: int) -> None:
    kept, said = state(tmp_path)
    kept.keep("fold", ARRAYS)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:length])
    assert kept.finished("fold") is None
    assert len(said) == 1 and "is damaged" in said[0] and path.name in said[0]
    kept.keep("fold", ARRAYS)
    assert kept.finished("fold") is not None


def test_an_altered_number_is_noticed(tmp_path: Path) -> None:
    kept, said = state(tmp_path)
    kept.keep("fold", ARRAYS)
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    content[-3] ^= 0x10
    path.write_bytes(bytes(content))
    assert kept.finished("fold") is None and "damaged" in said[0]


def test_other_files_are_no_error(tmp_path: Path) -> None:
    (tmp_path / "fold.safetensors").write_bytes(b"not one of ours" * 10)
    (tmp_path / "notes.txt").write_text("mine")
    kept, _ = state(tmp_path)
    assert kept.finished("fold") is None
    kept.keep("fold", ARRAYS)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_parts_go_once_the_whole_is_kept(tmp_path: Path) -> None:
    kept, _ = state(tmp_path)
    for fold in ("fold 1", "fold 2"):
        kept.under(fold).under("inner 0").keep("fit", ARRAYS)
    other = kept.under("fold 2").folder / "notes.txt"
    other.write_text("mine")
    kept.keep("fold 1", {})
    assert not kept.under("fold 1").folder.exists()
    assert kept.under("fold 1").under("inner 0").finished("fit") is None
    assert kept.under("fold 2").under("inner 0").finished("fit") is not None
    kept.keep("fold 2", {})
    assert kept.under("fold 2").under("inner 0").finished("fit") is None and other.read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        state(tmp_path / "file")[0].keep("fold", ARRAYS)


# --- A killed fit ----------------------------------------------------------------------------------------------------

CASES = {
    "linear": Alignment("botaclip", 0.1, checkpoints=(0, 3, 9)),
    "mlp": Alignment("contrastive", checkpoints=(3, 9), recipe=Recipe(releve_adapter="mlp", adapter="residual")),
    "attention": Alignment(
        "joint", 0.1, checkpoints=(3, 9),
        recipe=Recipe(adapter="attention", vegeta="joint", schedule="cosine", batch=30, augmentation=("dihedral",)),
    ),
    "supervised": Alignment("supervised", checkpoints=(3, 9)),
}  # fmt: skip


def fit(case: str, folder: Path | None, *, key: str = "data", kill_at: int = 0, other: bool = False) -> list[Adapter]:
    """Fit a case; the process kills itself before step ``kill_at``."""
    torch.set_num_threads(1)
    table = planted(80, dimension=40, species=6, seed=int(other))
    standardiser = Standardiser.fit(table.vectors)
    vectors = standardiser(table.vectors)
    noise = np.random.default_rng(0).normal(size=(80, 2, 40)).astype(np.float32)
    views = vectors[:, None] + 0.1 * noise if CASES[case].recipe.augmentation else None
    checks = 0

    def cancelled() -> bool:
        nonlocal checks
        checks += 1
        if checks == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return False

    kept = None if folder is None else FitState(folder, key, every_s=0.0)
    return fit_adapters(
        vectors, table, CASES[case], views=views, random_state=5, kept=kept, progress=Progress(cancelled=cancelled)
    )


def content(adapters: list[Adapter]) -> list[bytes]:
    """Return all bytes of adapters and their relevé sides."""
    found = []
    for adapter in adapters:
        found += [str(adapter.steps).encode()] + [f"{k}".encode() + v.tobytes() for k, v in adapter.weights.items()]
        if adapter.tower is not None:
            found += [np.asarray(array).tobytes() for layer in adapter.tower.layers for array in layer]
    return found


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import tests.conftest
from tests.test_fit_state import CASES, fit
for case in CASES:
    if (child := os.fork()) == 0:
        fit(case, Path(sys.argv[2]) / case, kill_at=6)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what each case left when its process was killed in its sixth step."""
    folder = tmp_path_factory.mktemp("killed")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(ROOT), str(folder)], capture_output=True, text=True, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("case", CASES)
def test_a_killed_fit_goes_on_to_the_same_bytes(case: str, killed: Path) -> None:
    (path,) = (killed / case).glob("fit-*.safetensors")
    with safe_open(path, framework="numpy") as file:
        assert json.loads(file.metadata()["about"])["step"] == 5
    whole = content(fit(case, None))
    assert content(fit(case, killed / case)) == whole
    # Once more: all of it is there, and not a step is taken.
    assert content(fit(case, killed / case, kill_at=1)) == whole
    assert len(whole) > 4


def test_a_state_of_other_data_settings_or_seed_is_not_used(tmp_path: Path) -> None:
    fit("linear", tmp_path)
    assert content(fit("linear", tmp_path, other=True)) == content(fit("linear", None, other=True))
    assert len(list(tmp_path.glob("fit-*.safetensors"))) == 2
    # The same fit of a job of other settings is not trusted either.
    assert content(fit("linear", tmp_path, key="other job")) == content(fit("linear", None))


def test_a_damaged_state_is_begun_anew(tmp_path: Path) -> None:
    whole = content(fit("linear", tmp_path))
    (path,) = tmp_path.glob("fit-*.safetensors")
    path.write_bytes(path.read_bytes()[:-100])
    assert content(fit("linear", tmp_path)) == whole


def test_every_part_of_what_a_fit_depends_on_is_in_its_digest(tmp_path: Path) -> None:
    from botaclip.training.adapter_fit import FitInputs

    table = planted(30)
    inputs = FitInputs(table.vectors, None, table, Alignment("botaclip", 0.1), None, 1, "cpu")

    def other(table_: TrainingTable) -> FitInputs:
        return dataclasses.replace(inputs, releves=table_)

    one = np.ones_like(table.cover)
    start = Adapter.linear(0, np.eye(24, dtype=np.float32), np.zeros(24, dtype=np.float32))
    alignment = inputs.alignment
    changed = [
        dataclasses.replace(inputs, vectors=table.vectors + 1), dataclasses.replace(inputs, views=one[:, None]),
        dataclasses.replace(inputs, start=start), dataclasses.replace(inputs, random_state=2),
        dataclasses.replace(inputs, device="cuda"),
        dataclasses.replace(inputs, alignment=dataclasses.replace(alignment, name="joint")),
        dataclasses.replace(inputs, alignment=dataclasses.replace(alignment, weight=1.0)),
        dataclasses.replace(inputs, alignment=dataclasses.replace(alignment, checkpoints=(20, 40))),
        dataclasses.replace(inputs, alignment=dataclasses.replace(alignment, last=900)),
        dataclasses.replace(inputs, alignment=dataclasses.replace(alignment, recipe=Recipe(batch=9))),
        other(dataclasses.replace(table, cover=one)), other(dataclasses.replace(table, presence=1 - table.presence)),
        other(dataclasses.replace(table, places=table.places + 1)), other(dataclasses.replace(table, extra=one)),
        other(dataclasses.replace(table, habitats=("a",) * 30)), other(dataclasses.replace(table, sites=("a",) * 30)),
    ]  # fmt: skip
    digests = {inputs.digest, *(each.digest for each in changed)}
    assert len(digests) == 1 + len(changed)
    assert dataclasses.replace(inputs, vectors=inputs.vectors.copy()).digest == inputs.digest
