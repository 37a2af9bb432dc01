"""Reading checkpoints: what comes out is numbers, and what is not a checkpoint is said in one sentence."""

from __future__ import annotations

import argparse
import array
import datetime
import hashlib
import json
import os
import types
import zipfile
from collections import OrderedDict
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from botaclip.core.encoders import checkpoint
from botaclip.core.encoders.checkpoint import REFUSED, Setting, read_checkpoint, refuse
from botaclip.core.errors import EncoderError

from . import parity

PLAIN = {"conv.weight": torch.arange(12.0).reshape(3, 4), "bn.num_batches_tracked": torch.tensor(5)}


class Hostile:
    """Runs a command where a pickle is opened without care."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.trace),)


def equal(found: object, expected: dict[str, torch.Tensor] = PLAIN) -> bool:
    assert isinstance(found, dict)
    return list(found) == list(expected) and all(torch.equal(found[key], expected[key]) for key in expected)


def refusal(path: Path) -> str:
    with pytest.raises(EncoderError) as caught:
        read_checkpoint(path)
    said = str(caught.value)
    assert str(path) in said and "\n" not in said and "Traceback" not in said
    return said


# --- What is read ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zipped", [True, False])
def test_files_of_torch_new_and_old(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "weights.pth"
    torch.save(PLAIN, path, _use_new_zipfile_serialization=zipped)
    found = read_checkpoint(path)
    assert equal(found.state)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.layout is None


@pytest.mark.parametrize("name", ["model.safetensors", "renamed.pth"])
def test_safetensors_by_content_not_by_name(tmp_path: Path, name: str) -> None:
    save_file(dict(PLAIN), tmp_path / name)
    found = read_checkpoint(tmp_path / name)
    assert {key: value.tolist() for key, value in found.state.items()} == {
        key: value.tolist() for key, value in PLAIN.items()
    }


@pytest.mark.parametrize(
    "wrapped",
    [
        {"state_dict": PLAIN, "epoch": 3}, {"model": PLAIN, "optimizer": {"state": {}, "lr": 0.1}},
        {"teacher": {f"backbone.{key}": value for key, value in PLAIN.items()}}, {"model": {"state_dict": PLAIN}},
        {"state_dict": {f"model.seg_model.{key}": value for key, value in PLAIN.items()}},
        {f"module.{key}": value for key, value in PLAIN.items()},
        {f"_orig_mod.module.{key}": value for key, value in PLAIN.items()},
        {"state_dict": {**{f"model.{key}": value for key, value in PLAIN.items()}, "criterion.weight": torch.ones(4)}},
        {key: torch.nn.Parameter(value) if value.is_floating_point() else value for key, value in PLAIN.items()},
    ],
)  # fmt: skip
def test_wrappers_and_prefixes_come_off(tmp_path: Path, wrapped: dict) -> None:
    torch.save(wrapped, tmp_path / "weights.ckpt")
    found = read_checkpoint(tmp_path / "weights.ckpt").state
    assert equal(found) and not any(isinstance(value, torch.nn.Parameter) for value in found.values())


def test_a_prefix_that_only_some_keys_have_stays(tmp_path: Path) -> None:
    state = {"model.cls_token": torch.ones(2), "patch_embed.bias": torch.ones(2)}
    torch.save(state, tmp_path / "weights.pth")
    assert equal(read_checkpoint(tmp_path / "weights.pth").state, state)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("safe", [True, False])
def test_whatever_is_floating_point_becomes_float32(tmp_path: Path, dtype: torch.dtype, safe: bool) -> None:
    state = {"a": torch.tensor([1.5, -0.25]).to(dtype), "n": torch.tensor([7]), "mask": torch.tensor([True])}
    path = tmp_path / "weights"
    save_file(state, path) if safe else torch.save(state, path)
    found = read_checkpoint(path).state
    assert found["a"].dtype == torch.float32 and found["a"].tolist() == [1.5, -0.25]
    assert found["n"].dtype == torch.int64 and found["mask"].dtype == torch.bool


def test_a_checkpoint_in_several_files(tmp_path: Path) -> None:
    save_file({"a": torch.ones(2)}, tmp_path / "model-00001-of-00002.safetensors")
    save_file({"b": torch.zeros(3)}, tmp_path / "model-00002-of-00002.safetensors")
    index = tmp_path / "model.safetensors.index.json"
    weight_map = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    index.write_text(json.dumps({"weight_map": weight_map}))
    folder, by_index = read_checkpoint(tmp_path), read_checkpoint(index)
    assert equal(folder.state, {"a": torch.ones(2), "b": torch.zeros(3)}) and folder.sha256 == by_index.sha256
    save_file({"b": torch.ones(3)}, tmp_path / "model-00002-of-00002.safetensors")
    assert read_checkpoint(tmp_path).sha256 != folder.sha256
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    assert "of the checkpoint's 2 files 1 are missing, the first is model-00002" in refusal(tmp_path)


@pytest.mark.parametrize("names", ['{"a": "../secret.safetensors"}', '{"a": 3}', "{}", "[]", "{"])
def test_an_index_reaches_nowhere_else(tmp_path: Path, names: str) -> None:
    save_file({"a": torch.ones(2)}, tmp_path / "secret.safetensors")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "model.safetensors.index.json").write_text(f'{{"weight_map": {names}}}')
    assert "the index of the checkpoint cannot be read" in refusal(inside)


def test_a_folder_with_one_file(tmp_path: Path) -> None:
    assert "the folder holds neither model.safetensors nor" in refusal(tmp_path)
    save_file({"a": torch.ones(2)}, tmp_path / "model.safetensors")
    found = read_checkpoint(tmp_path)
    assert found.sha256 == hashlib.sha256((tmp_path / "model.safetensors").read_bytes()).hexdigest()


def test_it_says_what_the_checkpoint_looks_like(tmp_path: Path) -> None:
    state = {key: torch.from_numpy(value) for key, value in parity.stored_state("dofa/tiny").items()}
    torch.save({"model": state}, tmp_path / "weights.pth")
    found = read_checkpoint(tmp_path / "weights.pth")
    assert found.layout is not None and found.layout.architecture == "dofa"
    assert found.layout.variant["image_px"] == 64
    assert equal(found.state, state)


SETTINGS = {
    "plain": {"lr": 1e-3, "classes": {1: ["building", 3]}, "on": True, "none": None, "many": {1, 2}, "b": b"bytes"},
    "ordered": OrderedDict(lr=0.1, betas=(0.9, 0.99)),
    "namespace": argparse.Namespace(lr=0.1, deeper=argparse.Namespace(path="x"), tensor=torch.ones(2)),
    "simple namespace": types.SimpleNamespace(lr=0.1),
    "numpy": {"lr": np.float64(0.1), "count": np.int32(4), "half": np.float16(2), "on": np.bool_(True)},
    "path": {"data": PurePosixPath("/data"), "here": Path("x"), "theirs": PureWindowsPath("C:/x")},
}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", SETTINGS)
def test_settings_beside_the_weights_are_passed_over(tmp_path: Path, name: str, zipped: bool) -> None:
    """As Lightning writes it, which FLAIR-INC's rgbie_15cl is."""
    content = {
        "epoch": 3, "pytorch-lightning_version": "2.0.0", "state_dict": {f"model.{k}": v for k, v in PLAIN.items()},
        "hyper_parameters": SETTINGS[name], "hparams_name": "kwargs", "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": {"ModelCheckpoint": {"best_model_path": "a.ckpt", "best_model_score": torch.tensor(0.5)}},
        "optimizer_states": [{"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 0.1}]}],
    }  # fmt: skip
    torch.save(content, tmp_path / "a.ckpt", _use_new_zipfile_serialization=zipped)
    assert equal(read_checkpoint(tmp_path / "a.ckpt").state)
    assert not any(isinstance(one, tuple) and one[0] is Setting for one in torch.serialization.get_safe_globals())


def test_settings_are_no_weights(tmp_path: Path) -> None:
    torch.save({"conv.weight": torch.ones(2), "lr": np.float64(0.1)}, tmp_path / "a.pth")
    assert "'lr' is of type Setting, not a tensor" in refusal(tmp_path / "a.pth")
    torch.save(argparse.Namespace(model=PLAIN), tmp_path / "b.pth")
    assert "the file holds a Setting, not tensors by name" in refusal(tmp_path / "b.pth")


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_with_code_is_not_opened(tmp_path: Path, zipped: bool) -> None:
    trace = tmp_path / "was run"
    torch.save({"state_dict": PLAIN, "x": Hostile(trace)}, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    said = refusal(tmp_path / "a.pth")
    assert "the file holds more than numbers (a pickle with code) and is not opened" in said and ".safetensors" in said
    assert not trace.exists()


def test_objects_and_programs_are_more_than_numbers(tmp_path: Path) -> None:
    for thing in (datetime.timedelta(1), np.ones(2), array.array("d", [1.0]), print):
        torch.save({"model": PLAIN, "args": thing}, tmp_path / "args.pth")
        assert "more than numbers" in refusal(tmp_path / "args.pth"), thing
    hidden = argparse.Namespace(x=Hostile(tmp_path / "was run"))
    torch.save({"model": PLAIN, "args": hidden}, tmp_path / "hidden.pth")
    assert "more than numbers" in refusal(tmp_path / "hidden.pth")
    assert not (tmp_path / "was run").exists()
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pth")
    assert "more than numbers" in refusal(tmp_path / "module.pth")
    with pytest.warns(DeprecationWarning):
        torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)), tmp_path / "program.pt")
    assert "more than numbers" in refusal(tmp_path / "program.pt")


def test_old_dofa_is_refused_whatever_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(REFUSED) == {"7cc0f413", "fbd47fa9"}
    torch.save(PLAIN, tmp_path / "holiday.pth")
    read_checkpoint(tmp_path / "holiday.pth")
    for prefix in REFUSED:
        monkeypatch.setattr(checkpoint, "_digest", lambda files, prefix=prefix: prefix + "0" * 56)
        said = refusal(tmp_path / "holiday.pth")
        assert "before the layout fix of August 2024" in said and f"SHA-256 {prefix}" in said


def test_a_record_refuses_digests_of_its_own(tmp_path: Path) -> None:
    torch.save(PLAIN, tmp_path / "a.pth")
    digest = hashlib.sha256((tmp_path / "a.pth").read_bytes()).hexdigest()
    with pytest.raises(EncoderError, match="gives nonsense"):
        read_checkpoint(tmp_path / "a.pth", refused={digest[:8].upper(): "this file gives nonsense"})
    read_checkpoint(tmp_path / "a.pth", refused={"0" * 8: "no"} if digest[:8] != "0" * 8 else {})
    refuse(digest, {"": "an empty prefix is none"}, where="here")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("kind", ["zip", "old", "safetensors"])
def test_a_file_cut_short(tmp_path: Path, kind: str, share: float) -> None:
    path, state = tmp_path / "weights", {"a": torch.ones(4000), "b": torch.ones(4000)}
    if kind == "safetensors":
        save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=kind == "zip")
    whole = path.read_bytes()
    path.write_bytes(whole[: max(9, int(len(whole) * share))])
    assert "damaged or cut short" in refusal(path)


def test_bytes_changed_anywhere_raise_nothing_but_worded_errors(tmp_path: Path) -> None:
    path, state = tmp_path / "weights", {"a": torch.ones(3, 4)}
    for kind in ("zip", "old", "safetensors"):
        save_file(state, path) if kind == "safetensors" else torch.save(
            state, path, _use_new_zipfile_serialization=kind == "zip"
        )
        whole = path.read_bytes()
        for place in range(0, min(len(whole), 1500), 13):
            changed = bytearray(whole)
            changed[place] ^= 0x5A
            path.write_bytes(bytes(changed))
            try:
                read_checkpoint(path)
            except EncoderError as error:
                assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html><html>log in</html>", "a web page, not a checkpoint"),
        (b"\n  <html>", "a web page"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html>log in</html>", "a web page"),
        ("\ufeff<html>".encode("utf-16-le"), "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "a pointer of Git LFS"),
        (b"\x08\x09ONNX", "no checkpoint"),
        (b"x", "no checkpoint"),
        (b"PK\x03\x04" + b"\x00" * 40, "damaged or cut short"),
        (b"\x80\x02}q\x00" + b"\xfe" * 40, "damaged or cut short"),
        (b"\xff" * 8 + b"{" + b"a" * 20, "damaged or cut short"),
    ],
)  # fmt: skip
def test_what_is_no_checkpoint(tmp_path: Path, content: bytes, found: str) -> None:
    (tmp_path / "weights.pth").write_bytes(content)
    assert found in refusal(tmp_path / "weights.pth")


def test_what_is_not_there(tmp_path: Path) -> None:
    assert "there is no such checkpoint" in refusal(tmp_path / "nowhere.pth")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "damaged" in refusal(tmp_path / "other.zip")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({}, "no tensors"), ({"state_dict": {}}, "no tensors"), ([torch.ones(1)], "holds a list, not tensors by name"),
        (torch.ones(3), "holds a Tensor"), ({"a": torch.ones(1), "b": 3}, "'b' is of type int, not a tensor"),
        ({3: torch.ones(1)}, "a tensor is called 3"),
        ({"a": {"b": torch.ones(1)}}, "'a' is of type dict, not a tensor"),
        ({"a": torch.tensor([1.0, float("nan")])}, "a holds numbers that are not finite"),
        ({"model.a": torch.tensor([float("inf")])}, "a holds numbers that are not finite"),
        ({"a": torch.tensor([1e300], dtype=torch.float64)}, "a holds numbers that are not finite"),
        ({"a": torch.ones(2, dtype=torch.complex64)}, "a is not stored as plain numbers"),
        ({"a": torch.eye(3).to_sparse()}, "a is not stored as plain numbers"),
        ({"a": torch.ones(2, device="meta")}, "a is not stored as plain numbers"),
    ],
)  # fmt: skip
def test_wrong_contents(tmp_path: Path, content: object, found: str) -> None:
    torch.save(content, tmp_path / "weights.pth")
    assert found in refusal(tmp_path / "weights.pth")


def test_a_mask_of_biases_may_be_unset(tmp_path: Path) -> None:
    """DINOv3 fills it with NaN before it is set; its loader does without."""
    torch.save({"blocks.0.attn.qkv.bias_mask": torch.full((3,), float("nan"))}, tmp_path / "weights.pth")
    assert bool(read_checkpoint(tmp_path / "weights.pth").state["blocks.0.attn.qkv.bias_mask"].isnan().all())
