"""Means and standard deviations become what graphs take."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from botaclip.core.encoders.normalisation import normalisation
from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.registry import RECORDS
from botaclip.core.errors import EncoderError

RGB = ("red", "green", "blue")


def test_numbers_of_the_publishers() -> None:
    """ImageNet's, as every library writes them, out of a record in units of 0 to 255."""
    centre, spread = normalisation(RECORDS["dinov3-vits16"], RGB)
    np.testing.assert_allclose(centre, (0.485, 0.456, 0.406), atol=1e-8)
    np.testing.assert_allclose(spread, (0.229, 0.224, 0.225), atol=1e-8)
    centre, spread = normalisation(RECORDS["flair-inc-rgbi-15cl-resnet34-unet"], ("nir", "red"))
    np.testing.assert_allclose(centre, (106.38 / 255, 105.08 / 255), rtol=1e-9)
    np.testing.assert_allclose(spread, (39.69 / 255, 52.17 / 255), rtol=1e-9)


def test_the_input_is_that_of_the_training() -> None:
    """Scaled to 0..1 and normalised = normalised in the record's own units, whatever those are."""
    record = EncoderRecord(
        "mine", "Mine", "timm", mean={"red": 1200.0, "nir": 2600.0}, std={"red": 400.0, "nir": 900.0},
        value_range=(200.0, 10_200.0),
    )  # fmt: skip
    values = np.array([[200.0, 5_000.0, 10_200.0], [300.0, 2_600.0, 9_000.0]])
    centre, spread = normalisation(record, ("nir", "red"))
    scaled = (values - 200.0) / 10_000.0
    made = (scaled - np.array(centre)[:, None]) / np.array(spread)[:, None]
    expected = (values - np.array([[2600.0], [1200.0]])) / np.array([[900.0], [400.0]])
    np.testing.assert_allclose(made, expected, rtol=1e-12)


def test_an_onnx_file_without_numbers_sees_the_values_themselves() -> None:
    record = EncoderRecord("mine", "Mine", "onnx", bands=RGB, value_range=(0.0, 255.0))
    centre, spread = normalisation(record, RGB)
    values = np.array([0.0, 17.0, 255.0])
    np.testing.assert_allclose((values / 255 - centre[1]) / spread[1], values, atol=1e-10)


@pytest.mark.parametrize(
    ("changes", "roles", "words"),
    [
        ({}, ("red", "um1.38"), r"dofa-base: how dofa-base normalises um1\.38 is not known\. Choose among red"),
        ({"std": {"red": 0.0}, "mean": {"red": 1.0}}, ("red",), "the standard deviation of red is 0"),
        ({"std": {"red": float("nan")}, "mean": {"red": 1.0}}, ("red",), "the standard deviation of red is nan"),
        ({"value_range": (3.0, 3.0)}, ("red",), "its range of values is 3 to 3"),
        ({"mean": {}, "std": {}}, ("red",), "give mean and std of each band"),
    ],
)
def test_what_is_not_known_is_not_made_up(changes: dict, roles: tuple[str, ...], words: str) -> None:
    with pytest.raises(EncoderError, match=f"(?i){words}"):
        normalisation(dataclasses.replace(RECORDS["dofa-base"], **changes), roles)
