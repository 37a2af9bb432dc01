"""The registry: records that hold together, and no digest, revision or address that the sheet does not give."""

from __future__ import annotations

import dataclasses
import re

import pytest

from botaclip.core.encoders import colour_texture, random_conv
from botaclip.core.encoders.architecture import ARCHITECTURES
from botaclip.core.encoders.licences import LICENCES, licence_of
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.record_json import record_from_json, record_to_json
from botaclip.core.encoders.registry import RECORDS

from .conftest import shared

CASES = pytest.mark.parametrize("record", RECORDS.values(), ids=list(RECORDS))


def sheet() -> str:
    return shared("reference/encoders.md").read_text(encoding="utf-8")


@CASES
def test_nothing_that_tells_files_apart_is_made_up(record: EncoderRecord) -> None:
    text = sheet()
    for value in (record.sha256, record.sha256_prefix, record.revision, *record.refused):
        assert value in text
    assert record.sha256 == ""  # the sheet gives first digits only
    for word in re.findall(r"[0-9a-f]{8,}", f"{record.file} {record.url} {record.notes}"):
        assert word in text, f"{word} is not in the sheet"


@CASES
def test_addresses_are_those_of_the_sheet(record: EncoderRecord) -> None:
    text = sheet()
    if record.url.startswith("https://huggingface.co/"):
        owner_and_name = "/".join(record.url.split("/")[3:5])
        owner, name = owner_and_name.split("/")
        assert owner_and_name in text or (owner == "IGNF" and "IGNF/FLAIR-INC_" in text and name in _flair_inc_names())
        assert record.url.endswith(f"/{record.file}") and f"/resolve/{record.revision or 'main'}/" in record.url
    elif record.url:
        assert record.url in text
    if record.architecture.startswith("dofa") and record.file:
        short = record.file.removeprefix("dofa_base_patch16_224").removeprefix("dofa_large_patch16_224")
        assert short in text


def _flair_inc_names() -> set[str]:
    """The eight that the sheet abbreviates as IGNF/FLAIR-INC_{...}."""
    text = sheet()
    assert "IGNF/FLAIR-INC_{rgb_12cl,rgb_15cl,rgbi_15cl,rgbie_12cl,rgbie_15cl}_resnet34-unet" in text
    assert "rgb_15cl_resnet34-{fpn,deeplabv3}, rgb_15cl_mitb5-unet" in text
    first = {f"{bands}_resnet34-unet" for bands in ("rgb_12cl", "rgb_15cl", "rgbi_15cl", "rgbie_12cl", "rgbie_15cl")}
    rest = {"rgb_15cl_resnet34-fpn", "rgb_15cl_resnet34-deeplabv3", "rgb_15cl_mitb5-unet"}
    return {f"FLAIR-INC_{name}" for name in first | rest}


def test_all_that_the_issue_names_are_there() -> None:
    assert _flair_inc_names() == {
        record.file.removesuffix(".ckpt").removesuffix("_weights.pth")
        for record in RECORDS.values() if record.id.startswith("flair-inc-")
    }  # fmt: skip
    for name in (
        "random-conv", "colour-texture", "dofa-small", "dofa-base", "dofa-large", "dofa-huge", "dofa-v2-base",
        "dofa-v2-large", "dinov3-vits16", "dinov3-vits16plus", "dinov3-vitb16", "dinov3-vitl16", "dinov3-vitl16-sat",
        "flair-hub-lc-a-swinbase", "flair-hub-lc-a-convnextv2base",
    ):  # fmt: skip
        assert name in RECORDS
    prefixes = {record.id: record.sha256_prefix for record in RECORDS.values() if record.sha256_prefix}
    assert prefixes == {
        "dofa-base": "a0275954", "dofa-large": "0ff904d3", "dinov3-vits16": "08c60483",
        "dinov3-vits16plus": "4057cbaa", "dinov3-vitb16": "73cec8be", "dinov3-vitl16": "8aa4cbdd",
        "dinov3-vitl16-sat": "eadcf0ff",
    }  # fmt: skip
    assert {name for name, record in RECORDS.items() if not record.verified} == {
        "dofa-v2-base", "dofa-v2-large", "flair-hub-lc-a-convnextv2base"
    }


def test_statistics_are_those_of_the_sheet() -> None:
    text = sheet().replace(" ", "")
    numbers = [float(value) for value in re.findall(r"\d+\.\d+", text)]

    def given(value: float, scale: float = 1.0) -> bool:
        return any(abs(value - number * scale) < 1e-5 for number in numbers)

    for record in RECORDS.values():
        for value in (*record.mean.values(), *record.std.values()):
            assert given(value) or given(value, 255.0), (record.id, value)
    satellite, dofa = RECORDS["dinov3-vitl16-sat"], RECORDS["dofa-base"]
    assert satellite.mean == pytest.approx({"red": 0.430 * 255, "green": 0.411 * 255, "blue": 0.296 * 255})
    assert satellite.std == pytest.approx({"red": 0.213 * 255, "green": 0.156 * 255, "blue": 0.143 * 255})
    assert dofa.mean["red"] == 123.675 and dofa.mean["nir"] == 101.435633 and dofa.std["swir2"] == 42.55886798
    assert RECORDS["flair-hub-lc-a-swinbase"].mean == {"nir": 106.59, "red": 105.66, "green": 111.35}
    assert RECORDS["flair-inc-rgbie-12cl-resnet34-unet"].std["elevation"] == 79.3


@CASES
def test_records_hold_together(record: EncoderRecord) -> None:
    assert record_from_json(record_to_json(record)) == record
    assert RECORDS[record.id] is record and record.licence in LICENCES and record.citation and record.title
    assert record.architecture == "builtin" or record.architecture in ARCHITECTURES
    if record.architecture == "builtin":
        assert record.modes == ("dense",) and not record.file
        return
    assert set(ARCHITECTURES[record.architecture].variant) <= set(record.variant)
    assert record.dimension > 0 and record.input_px % record.token_px == 0
    for stage in record.fields:
        assert stage in record.stages
    if record.url:
        assert record.url.startswith("https://") and record.file
    if record.bands:
        assert set(record.mean) == set(record.std) == set(record.bands)


def test_windows_keep_what_the_design_says() -> None:
    def kept(record: EncoderRecord) -> tuple[int, int]:
        return record.window_px, record.window_px // record.token_px - 2 * record.drop_tokens

    expected = {
        "dinov3-vits16": (336, 17), "dofa-base": (224, 10), "dofa-v2-base": (224, 12),
        "flair-inc-rgb-12cl-resnet34-unet": (512, 10), "flair-hub-lc-a-swinbase": (512, 10),
    }  # fmt: skip
    assert {name: kept(RECORDS[name]) for name in expected} == expected


def test_fields_of_the_resnet_are_what_its_layers_make() -> None:
    field, jump = 1, 1
    fields = {}
    for stage, convolutions in enumerate(([(7, 2)], [(3, 2), *[(3, 1)] * 6], [(3, 2), *[(3, 1)] * 7]), start=1):
        for side, stride in convolutions:
            field, jump = field + (side - 1) * jump, jump * stride
        fields[stage] = field
    # A block's second path, the 1 x 1 convolution, sees no farther.
    assert RECORDS["flair-inc-rgb-12cl-resnet34-unet"].fields == {2: fields[2], 3: fields[3]}


def test_what_is_built_in_says_what_its_module_says() -> None:
    for module, name in ((random_conv, "random-conv"), (colour_texture, "colour-texture")):
        record = RECORDS[name]
        assert (record.citation, record.licence, record.token_px) == (module.CITATION, module.LICENCE, module.STRIDE_PX)


def test_licences() -> None:
    assert [licence.id for licence in LICENCES.values() if licence.accept] == ["DINOv3"]
    assert {RECORDS[name].licence for name in RECORDS if name.startswith("dinov3")} == {"DINOv3"}
    assert {RECORDS[name].licence for name in RECORDS if name.startswith("dofa")} == {"CC-BY-4.0"}
    assert {RECORDS[name].licence for name in RECORDS if name.startswith("flair")} == {"etalab-2.0"}
    own = dataclasses.replace(RECORDS["dofa-base"], licence="ask my boss")
    assert licence_of(own).title == "ask my boss" and not licence_of(own).accept
    for licence in LICENCES.values():
        assert licence.url.startswith("https://") and licence.summary.endswith(".")
