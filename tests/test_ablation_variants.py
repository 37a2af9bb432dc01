"""What an ablation varies: every factor has its values, one of them the unchanged, and what cannot be has a reason."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from botaclip.core.commands import ABLATE
from botaclip.core.errors import OptionError
from botaclip.core.options import parse_parameters
from botaclip.training.ablation_variants import FACTORS, OPTIONS, alignment_of, factors_of, variants_of
from botaclip.training.training_table import TrainingTable

from .small_tables import planted

TABLE = planted(72, dimension=20, species=5)
DEFAULTS, _ = parse_parameters(ABLATE, {"raster": "r", "releves": "t", "output": "o"})


def full() -> TrainingTable:
    """Return a table of which everything is known."""
    return dataclasses.replace(TABLE, habitats=("a", "b") * 36, sites=("n", "s") * 36)


def test_an_unknown_factor_is_one_sentence_with_the_nearest_name() -> None:
    assert factors_of("Lambda, size,lambda") == ("lambda", "size")
    with pytest.raises(OptionError, match=r"^--factors cannot be 'lamda'\. Perhaps lambda was meant\.$"):
        factors_of("size,lamda")
    with pytest.raises(OptionError, match="'qqq'. Use some of lambda, regulariser"):
        factors_of("qqq")
    with pytest.raises(OptionError, match="nothing to vary"):
        factors_of(" , ")


def test_auto_is_the_method_and_none_has_nothing_to_vary() -> None:
    assert alignment_of({"alignment": "auto"}) == ("botaclip", "botaclip")
    assert alignment_of({"alignment": "whitened"}) == ("whitened", "raw_whitened")
    with pytest.raises(OptionError, match="--alignment none makes no choice"):
        alignment_of({"alignment": "none"})


def test_every_factor_has_its_values_and_one_of_them_is_the_unchanged() -> None:
    variants = variants_of(FACTORS, "botaclip", full(), DEFAULTS)
    for factor in FACTORS:
        some = [each for each in variants if each.factor == factor]
        assert [each.is_default for each in some] == [True] + [False] * (len(some) - 1)
    found = {factor: [each.name for each in variants if each.factor == factor] for factor in FACTORS}
    assert found["lambda"] == ["0.1", "0", "1", "10"]
    # Where two weights are tried, no single one is the unchanged.
    two = variants_of(("lambda",), "botaclip", full(), DEFAULTS | {"lambda": "0.1,1"})
    assert [each.name for each in two] == ["0.1 or 1", "0", "0.1", "1", "10"]
    assert found["bias"] == ["-10", "-5", "-2.71"] and found["temperature"] == ["10", "1", "5", "20"]
    assert sorted(found["transform"]) == ["hellinger", "log1p", "ordinal", "percent", "presence", "sqrt"]
    assert found["whitening"] == ["none", "16 components", "32 components", "64 components"]
    assert found["size"] == ["all", "quarter", "half"]
    assert found["augmentation"] == ["none", "dihedral", "dihedral+crop+colour"]
    assert found["encoder"] == ["random-conv", "colour-texture"]
    assert found["vegeta"] == ["pca", "ca", "masked", "habitat", "joint"]
    assert found["adapter-start"] == ["identity", "canonical"]
    assert set(OPTIONS) < {option.name for option in ABLATE.options}


def test_a_setting_of_ones_own_is_the_unchanged() -> None:
    asked = DEFAULTS | {"lambda": "1", "temperature": 7.0, "positives": "site,near", "augmentation": "crop"}
    variants = variants_of(("lambda", "temperature", "positives", "augmentation"), "botaclip", full(), asked)
    assert [each.name for each in variants if each.is_default] == ["1", "7", "near+site", "crop"]
    assert {each.name for each in variants if each.factor == "lambda"} == {"0", "0.1", "1", "10"}
    assert {each.name for each in variants if each.factor == "temperature"} == {"1", "5", "7", "10", "20"}


@pytest.mark.parametrize(
    ("alignment", "changed", "factor", "name", "reason"),
    [
        ("supervised", {}, "lambda", "1", "supervised has no geometry-preserving term"),
        ("contrastive", {}, "regulariser", "mean", "contrastive has no geometry-preserving term"),
        ("supervised", {}, "vegeta", "ca", "supervised has no encoder of species lists"),
        ("canonical", {}, "adapter", "residual", "canonical has no adapter that is trained"),
        ("canonical", {}, "vegeta", "masked", "a closed form reads ordinations only"),
        ("botaclip", {}, "vegeta", "habitat", r"no habitats are known \(--habitat-field\)"),
        ("botaclip", {}, "positives", "site", "all plots lie on one site"),
        ("botaclip", {"positive_distance": 0.01}, "positives", "near", "no two plots lie within 0.01 m"),
        ("botaclip", {}, "whitening", "32 components", "the vectors have 20 dimensions only"),
        ("botaclip", {"adapter": "residual"}, "whitening", "16 components", "cannot be joined"),
        ("botaclip", {"loss": "infonce"}, "bias", "-5", "InfoNCE has no bias"),
        ("botaclip", {"targets": "gram"}, "transform", "sqrt", "with --targets gram"),
        ("botaclip", {"lambda": "0"}, "regulariser", "mean", "with --lambda 0"),
    ],
)
def test_what_cannot_be_varied_has_a_reason(
    alignment: str, changed: dict[str, Any], factor: str, name: str, reason: str
) -> None:
    variants = variants_of((factor,), alignment, TABLE, DEFAULTS | changed)
    assert re.search(reason, next(each.reason for each in variants if each.name == name))
    assert not any(each.reason for each in variants_of(("size", "encoder"), alignment, TABLE, DEFAULTS | changed))
