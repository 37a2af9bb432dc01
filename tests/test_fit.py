"""Wrong use is explained: bands, pixel sizes and values that an encoder does not know."""

from __future__ import annotations

import dataclasses

import pytest

from botaclip.core.encoders.fit import (
    fit_warnings,
    resampling_note,
    say_fit,
    select_roles,
    unused_note,
)
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.registry import RECORDS
from botaclip.core.errors import EncoderError
from botaclip.core.progress import Progress

DINO = RECORDS["dinov3-vits16"]
FLAIR = RECORDS["flair-inc-rgb-15cl-resnet34-unet"]
HUB = RECORDS["flair-hub-lc-a-swinbase"]
DOFA = RECORDS["dofa-base"]
RANDOM = RECORDS["random-conv"]
RGBN = ("red", "green", "blue", "nir")
BYTES = {"value_range": (0.0, 255.0), "dtype": "uint8"}


# --- Bands -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "roles", "chosen"),
    [
        (DINO, RGBN, ("red", "green", "blue")),
        (HUB, RGBN, ("nir", "red", "green")),  # in the encoder's order
        (DOFA, (*RGBN, "swir1", "elevation", "um1.38"), (*RGBN, "swir1", "um1.38")),
        (DOFA, ("vv", "vh"), ("vv", "vh")),
        (RANDOM, ("red", "elevation"), ("red", "elevation")),
    ],
)
def test_bands_of_an_encoder(record: EncoderRecord, roles: tuple[str, ...], chosen: tuple[str, ...]) -> None:
    assert select_roles(record, roles, where="r.tif") == chosen


def test_missing_bands_are_named_with_a_remedy() -> None:
    with pytest.raises(EncoderError) as caught:
        select_roles(DINO, ("red", "nir"), where="r.tif")
    assert caught.value.sentence == (
        "r.tif: dinov3-vits16 looks at red, green, blue; the raster has only red, nir: green, blue missing. Say which "
        "band it is with --bands, for example red=1,green=2,blue=3, or choose another encoder."
    )
    with pytest.raises(EncoderError, match=r"by their wavelength; the raster has only elevation.*um1\.38=1"):
        select_roles(DOFA, ("elevation",), where="r.tif")


def test_bands_that_are_not_used_are_said() -> None:
    assert unused_note(DINO, RGBN, ("red", "green", "blue")) == (
        "dinov3-vits16 looks at red, green, blue; near infrared is not used."
    )
    assert unused_note(DOFA, ("red", "elevation", "ndvi"), ("red",)).endswith("; elevation, ndvi are not used.")
    assert unused_note(DINO, RGBN[:3], RGBN[:3]) == ""


# --- Pixels ----------------------------------------------------------------------------------------------------------


def test_resampling_is_named() -> None:
    record = dataclasses.replace(DINO, input_px=224)
    assert resampling_note(record, pixel_m=10.0, seen_m=100 / 224) == (
        "exact: a patch of 100 m is resized to 224 pixels of 0.446 m, the raster has 10 m"
    )
    assert resampling_note(FLAIR, pixel_m=1.0, seen_m=0.5, mode="tokens") == (
        "tokens: pixels are resampled to 0.5 m, the raster has 1 m"
    )
    assert resampling_note(FLAIR, pixel_m=0.2, seen_m=0.2005) == ""


@pytest.mark.parametrize(
    ("pixel_m", "seen_m", "mode", "words"),
    [
        (0.2, 0.2, "dense", None),
        (0.4, 0.4, "tokens", None),  # a factor of 2 is just allowed
        (0.1, 0.1, "tokens", None),
        (0.05, 0.195, "exact", None),  # made coarser, as in the training
        (10.0, 10.0, "tokens", "trained on pixels of 0.2 m; tokens: it sees the raster's pixels of 10 m, 50 times"),
        # Resized to 0.2 m, pixels of 10 m remain pixels of 10 m.
        (10.0, 0.195, "exact", "resized to 512 pixels of 0.195 m, the raster has 10 m, 50 times coarser than it knows"),
        (0.05, 0.05, "dense", "pixels of 0.05 m, 4 times finer than it knows"),
        (0.2, 0.04, "exact", "resized to 512 pixels of 0.04 m, the raster has 0.2 m, 5 times finer than it knows"),
        (1.0, 2.0, "exact", "10 times coarser than it knows"),
    ],
)
def test_pixels_unlike_those_of_the_training(pixel_m: float, seen_m: float, mode: str, words: str | None) -> None:
    found = fit_warnings(FLAIR, pixel_m=pixel_m, seen_m=seen_m, mode=mode, **BYTES)
    assert len(found) == (words is not None)
    assert words is None or words in found[0]


def test_much_enlarged_pixels_are_blurred() -> None:
    """DINOv3 knows pixels from 0.1 to 30 m, but a patch of 10 x 10 pixels has no detail to be seen."""
    (text,) = fit_warnings(DINO, pixel_m=10.0, seen_m=100 / 256, **BYTES)
    assert text.endswith("the raster has 10 m: enlarged 25.6 times, what it sees is blurred.")
    assert fit_warnings(DINO, pixel_m=1.0, seen_m=100 / 256, **BYTES) == []


# --- Values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value_range", "dtype", "words"),
    [
        ((0.0, 255.0), "uint8", None),
        ((0.0, 255.0), "uint16", None),  # told to be so
        ((0.0, 3100.0), "uint16", "values of 0 to 3100 (uint16) are stretched linearly to 0 to 255"),
        ((20.0, 210.0), "uint16", "values of 20 to 210 (uint16) are stretched"),
        ((0.01, 0.62), "float32", "values of 0.01 to 0.62 (float32) are stretched"),
        ((-25.0, 5.0), "float32", "values of -25 to 5 (float32)"),
    ],
)
def test_values_unlike_those_of_the_training(value_range: tuple[float, float], dtype: str, words: str | None) -> None:
    found = fit_warnings(DINO, pixel_m=0.5, seen_m=0.5, value_range=value_range, dtype=dtype)
    assert len(found) == (words is not None)
    if words is not None:
        assert found[0].startswith("dinov3-vits16 was trained on 8-bit images; ") and words in found[0]
        assert found[0].endswith("so that colours differ from those of its training.")


def test_reflectances_and_bytes() -> None:
    own = dataclasses.replace(DINO, id="mine", value_range=(0.0, 10_000.0))
    (text,) = fit_warnings(own, pixel_m=0.5, seen_m=0.5, **BYTES)
    assert "mine was trained on values of 0 to 10000; this raster's values of 0 to 255 (uint8)" in text
    assert fit_warnings(own, pixel_m=0.5, seen_m=0.5, value_range=(0.0, 10_000.0), dtype="uint16") == []
    unit = dataclasses.replace(DINO, value_range=(0.0, 1.0))
    assert fit_warnings(unit, pixel_m=0.5, seen_m=0.5, **BYTES) == []


def test_what_is_built_in_has_no_training() -> None:
    odd = {"pixel_m": 900.0, "seen_m": 900.0, "value_range": (0.0, 0.3), "dtype": "float32"}
    assert fit_warnings(RANDOM, mode="dense", **odd) == []


# --- All of it -------------------------------------------------------------------------------------------------------


def test_all_is_said_once_and_at_its_level() -> None:
    said: list[tuple[str, str]] = []
    progress = Progress(log=lambda level, text: said.append((level, text)))
    common = {"roles": RGBN, "chosen": RGBN[:3]}
    say_fit(DINO, progress, pixel_m=0.5, seen_m=100 / 256, **common, **BYTES)
    assert said == [
        ("info", "dinov3-vits16 looks at red, green, blue; near infrared is not used."),
        ("info", "dinov3-vits16, exact: a patch of 100 m is resized to 256 pixels of 0.391 m, the raster has 0.5 m."),
    ]
    said.clear()
    say_fit(FLAIR, progress, pixel_m=10.0, seen_m=100 / 512, value_range=(0.0, 4000.0), dtype="uint16", **common)
    assert [level for level, _ in said] == ["info", "warning", "warning"]
    assert sum("is resized to 512 pixels" in text for _, text in said) == 1
