"""timm is there beside any torch, and what it lacks is said in one sentence."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable

import pytest
import torch

from botaclip.core.encoders import timm_library
from botaclip.core.errors import EncoderError, EnvironmentMissing


def answering(monkeypatch: pytest.MonkeyPatch, *answers: Exception | types.ModuleType) -> list[str]:
    """Let imports of torchvision and timm answer in turn; the names they were asked for, and declarations."""
    asked: list[str] = []
    queue = list(answers)
    plain: Callable[..., types.ModuleType] = importlib.import_module

    def import_module(name: str, package: str | None = None) -> types.ModuleType:
        if name not in ("torchvision", "timm"):
            return plain(name, package)
        asked.append(name)
        answer = queue.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(importlib, "import_module", import_module)
    monkeypatch.setattr(timm_library, "_declare_operators", lambda: asked.append("declared"))
    return asked


VISION, TIMM = types.ModuleType("torchvision"), types.ModuleType("timm")
NO_OPERATOR = RuntimeError("operator torchvision::nms does not exist")
imported = timm_library.import_timm.__wrapped__


def test_timm_is_imported_here_and_its_libraries_declarations_stay() -> None:
    timm = timm_library.import_timm()
    assert timm.is_model("resnet34") and timm_library.import_timm() is timm
    torch.ops.torchvision.nms  # noqa: B018  # raises where the declaration was forgotten


def test_a_torchvision_that_loads_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch, VISION, TIMM)
    assert imported() is TIMM
    assert asked == ["torchvision", "timm"]


def test_missing_operators_are_declared_and_the_ruins_of_the_first_try_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.ruin", types.ModuleType("torchvision.ruin"))
    kept = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "torchvision"}
    asked = answering(monkeypatch, NO_OPERATOR, VISION, TIMM)
    try:
        assert imported() is TIMM
        assert asked == ["torchvision", "declared", "torchvision", "timm"]
        assert not [name for name in sys.modules if name.split(".")[0] == "torchvision"]
    finally:
        sys.modules.update({name: module for name, module in kept.items() if name != "torchvision.ruin"})


@pytest.mark.parametrize("name", ["torchvision", "timm"])
def test_a_missing_package_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    missing = ModuleNotFoundError(f"No module named {name!r}", name=name)
    answering(monkeypatch, *([missing] if name == "torchvision" else [VISION, missing]))
    with pytest.raises(EnvironmentMissing) as caught:
        imported()
    expected = f"this encoder needs the package {name}. Run botaclip setup --packages train."
    assert caught.value.sentence == expected


def test_one_that_does_not_load_at_all_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, NO_OPERATOR, RuntimeError("still not\nat all"))
    with pytest.raises(EnvironmentMissing, match=r"does not load beside torch .* \(still not\)\. Run botaclip setup"):
        imported()


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(EncoderError, match=r"has no model 'resnet43'\. The nearest names are .*resnet34"):
        timm_library.known("resnet43")
    with pytest.raises(EncoderError, match=r"has no model 'hf-hub:someone/something'"):
        timm_library.create("hf-hub:someone/something")
    assert timm_library.known("vit_small_patch16_dinov3.lvd1689m") == "vit_small_patch16_dinov3.lvd1689m"


def test_impossible_settings_are_one_sentence() -> None:
    with pytest.raises(EncoderError, match=r"timm cannot make resnet18 with img_size=32 \("):
        timm_library.create("resnet18", img_size=32)


def test_bands_are_counted_at_the_first_layer() -> None:
    weight = torch.zeros(8, 4, 3, 3)
    timm_library.check_bands(weight, ("r", "g", "b", "n"), "x")
    timm_library.check_bands(None, ("r",), "x")
    with pytest.raises(EncoderError, match=r"checkpoint of x looks at 4 bands, not at the 3 given \(r, g, b\)"):
        timm_library.check_bands(weight, ("r", "g", "b"), "x")
