"""Records as JSON: what is read, and that a slip in a user's record does not pass."""

from __future__ import annotations

import json
from typing import Any

import pytest

from botaclip.core.encoders.record import EncoderRecord
from botaclip.core.encoders.record_json import is_file_name, record_from_json, record_to_json
from botaclip.core.errors import EncoderError

GOOD: dict[str, Any] = {
    "id": "mine", "architecture": "timm", "variant": {"timm": "resnet18", "sizes": [1, 2], "flag": True},
    "bands": ["red", "nir"], "mean": {"red": 1, "nir": 2.5}, "std": {"red": 1, "nir": 2}, "value_range": [0, 255],
    "modes": ["exact"], "stages": [3, 2], "fields": {"2": 59}, "refused": {"0123abcd": "wrong"}, "input_px": 64,
}  # fmt: skip


def test_a_record_comes_back_as_it_was() -> None:
    record = record_from_json(json.loads(json.dumps(GOOD)))
    assert record.title == "mine" and record.fields == {2: 59} and record.mean == {"red": 1.0, "nir": 2.5}
    assert record.bands == ("red", "nir") and record.value_range == (0.0, 255.0) and record.window_px == 224
    assert record_from_json(json.loads(json.dumps(record_to_json(record)))) == record
    assert set(record_to_json(record)) == {field for field in EncoderRecord.__dataclass_fields__}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "Mine"}, "id cannot be 'Mine'"), ({"id": "../x"}, "id cannot be '../x'"),
        ({"id": ""}, "does not say its id"), ({"architecture": None}, "does not say its architecture"),
        ({"sha": "1"}, "there is no key 'sha'"), ({"sha256": "abc"}, "sha256 cannot be 'abc'"),
        ({"sha256_prefix": "xyz"}, "sha256_prefix cannot be 'xyz'"), ({"url": "file:///x"}, "url cannot be"),
        ({"file": "a/b.pth"}, "file cannot be 'a/b.pth'"), ({"file": ".."}, "file cannot be"),
        ({"title": "a\nb"}, "title is no text"), ({"title": "x" * 3000}, "title is no text"),
        ({"input_px": 0}, "input_px cannot be '0'"), ({"input_px": 2.5}, "input_px cannot be '2.5'"),
        ({"input_px": True}, "input_px cannot be 'True'"), ({"dimension": -1}, "dimension cannot be '-1'"),
        ({"value_range": [255, 0]}, "value_range cannot be"), ({"value_range": [1, 1]}, "value_range is empty"),
        ({"value_range": [0, 1, 2]}, "value_range cannot be"), ({"gsd_m": [0, 1]}, "gsd_m is not positive"),
        ({"mean": {"red": "1", "nir": 2}}, "mean cannot be '1'"),
        ({"std": {"red": 0, "nir": 2}}, "std is not positive"),
        ({"mean": {"red": 1}}, "lacks the band nir"), ({"mean": {"red": float("nan"), "nir": 1}}, "mean cannot be"),
        ({"bands": ["red", "red"]}, "bands cannot be"), ({"bands": "red"}, "bands is no list"),
        ({"modes": ["all"]}, "modes cannot be"), ({"modes": []}, "modes cannot be"),
        ({"modes": ["dense"], "fields": {}}, "mode dense needs fields"), ({"fields": {"x": 1}}, "has no stage 'x'"),
        ({"poolings": ["max"]}, "poolings cannot be"), ({"refused": {"0123": "x"}}, "less than 8 digits"),
        ({"variant": {"a": {"b": 1}}}, "variant cannot be"), ({"variant": []}, "variant is no object"),
        ({"modes": ["tokens"], "window_px": 100}, "has no tokens of 16 px left"),
        ({"modes": ["tokens"], "window_px": 64}, "has no tokens of 16 px left"),
        ({"verified": "yes"}, "verified cannot be"), ({"sha256": "a" * 64, "sha256_prefix": "b"}, "does not begin"),
    ],
)  # fmt: skip
def test_slips_are_named_with_the_file(change: dict[str, Any], words: str) -> None:
    with pytest.raises(EncoderError) as caught:
        record_from_json({**GOOD, **change}, where="mine.json")
    assert words in caught.value.sentence and caught.value.where == "mine.json"


@pytest.mark.parametrize("about", [None, [], "x", 5])
def test_what_is_no_object(about: Any) -> None:
    with pytest.raises(EncoderError, match="no JSON object"):
        record_from_json(about)


def test_file_names() -> None:
    for name in ("a.pth", "a", "my file (1).ckpt", "vit_small_patch16_dinov3.lvd1689m.safetensors"):
        assert is_file_name(name)
    for name in ("", ".", "..", ".hidden", "a/b", "a\\b", "a:b", " a", "a ", "a.", "x" * 201, "a\nb"):
        assert not is_file_name(name)
