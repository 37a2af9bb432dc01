"""Architectures: what is asked of a record, and what is said when it or a package is not there."""

from __future__ import annotations

import importlib
import importlib.util
import types

import pytest

from botaclip.core.encoders import architecture
from botaclip.core.encoders.architecture import ARCHITECTURES, build
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.registry import RECORDS
from botaclip.core.errors import EncoderError, EnvironmentMissing

RECORD = EncoderRecord("mine", "Mine", "dofa", {"width": 32, "depth": 2, "heads": 4}, stages=(4, 3))


def test_every_loader_is_there() -> None:
    for name, one in ARCHITECTURES.items():
        assert one.name == name
        assert callable(importlib.import_module(one.loader).build)


def test_every_record_is_of_a_known_architecture_and_says_what_its_loader_needs() -> None:
    for name, record in RECORDS.items():
        if record.architecture not in ("builtin", "onnx"):
            assert set(ARCHITECTURES[record.architecture].variant) <= set(record.variant), name


@pytest.mark.parametrize(
    ("record", "stage", "found"),
    [
        (EncoderRecord("mine", "Mine", "dofa", {"width": 32}), None, "mine: the record does not say its depth, heads"),
        (EncoderRecord("mine", "Mine", "vgg"), None, "there is no architecture 'vgg'. Choose one of dinov3, dofa"),
        (EncoderRecord("mine", "Mine", "timm"), None, "the record does not say its timm"),
        (RECORD, 2, "mine has no stage 2. Choose one of 4, 3"),
        (RECORDS["dofa-base"], 2, "dofa-base has no stage 2. Leave --stage out"),
    ],
)
def test_a_record_that_cannot_be_built(record: EncoderRecord, stage: int | None, found: str) -> None:
    with pytest.raises(EncoderError, match=found):
        build(record, {}, bands=("red",), stage=stage)


def test_a_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> types.ModuleType:
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    monkeypatch.setattr(architecture.importlib, "import_module", absent)
    missing = "torch.nn"
    with pytest.raises(EnvironmentMissing, match=r"DOFA cannot be built without the package torch\.nn\. Run botaclip"):
        build(RECORD, {}, bands=("red",))
    missing = "botaclip.core.encoders.dofa"
    with pytest.raises(ModuleNotFoundError):
        build(RECORD, {}, bands=("red",))


def test_a_loader_is_given_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {}

    def loader(record: EncoderRecord, state: dict, **settings: object) -> str:
        given.update(settings, record=record, state=state)
        return "built"

    module = types.SimpleNamespace(build=loader)
    monkeypatch.setattr(architecture.importlib, "import_module", lambda name: module)
    assert build(RECORD, {"a": 1}, bands=["red", "nir"], wavelengths=[0.6, 0.8], stage=3) == "built"
    assert given == {"record": RECORD, "state": {"a": 1}, "bands": ("red", "nir"), "wavelengths": (0.6, 0.8),
                     "stage": 3}  # fmt: skip
    build(RECORD, {}, bands=["red"])
    assert given["wavelengths"] is None and given["stage"] is None
