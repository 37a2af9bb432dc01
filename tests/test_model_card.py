"""Model cards: read, kept in the model, told by info."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from tests.model_fixture import write_model, write_raster

from botaclip.core.errors import OptionError
from botaclip.core.model_card import LONGEST, card_of, read_card
from botaclip.core.model_report import info
from botaclip.core.progress import SILENT

CARD = "# Card\n\nGood for Ardèche.\tNot elsewhere."


def test_a_card_is_read_as_it_stands_but_for_its_ends(tmp_path: Path) -> None:
    (tmp_path / "card.md").write_text(f"\n{CARD}\n\n", encoding="utf-8")
    assert read_card(tmp_path / "card.md") == CARD
    assert read_card(None) == read_card("") == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\xff\xfe\x00", "no text in UTF-8"), (b" \n", "is empty"), (b"x" * (LONGEST + 1), "more than 20,000 letters"),
     (None, "there is no such file")],
)  # fmt: skip
def test_what_is_no_card_is_refused_with_a_reason(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "card.md"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OptionError, match=words):
        read_card(path)


def test_the_model_says_its_card_and_one_without_says_nothing(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "r.tif", size=200)
    with_card = write_model(tmp_path / "m.botaclip", raster, card=CARD).path
    lines = info({"model": str(with_card)}, SILENT)["print"]
    at = lines.index("card")
    assert lines[at + 1 : at + 4] == ["  # Card", "", "  Good for Ardèche.\tNot elsewhere."]
    assert card_of(with_card) == CARD
    without = write_model(tmp_path / "n.botaclip", raster).path
    assert "card" not in info({"model": str(without)}, SILENT)["print"] and card_of(without) == ""


def test_what_is_no_text_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(OptionError, match="it is no file"):
            read_card(path)
    (tmp_path / "bom.md").write_bytes(b"\xef\xbb\xbf# Card")
    assert read_card(tmp_path / "bom.md") == "# Card"


@pytest.mark.parametrize("metadata", [b"[]", b'"x"', b"[" * 100_000, b"{", b"\xff", b'{"card": [1]}', b"5"])
def test_what_is_no_model_has_no_card(tmp_path: Path, metadata: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "m.botaclip", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("metadata.json", metadata)
    assert card_of(tmp_path / "m.botaclip") == ""
    whole = (tmp_path / "m.botaclip").read_bytes()
    other_method = whole.replace(b"\x08\x00", b"\x63\x00")
    for damaged in (b"PK no", whole[:30], other_method, whole[:40] + b"\xff" * 9 + whole[49:]):
        (tmp_path / "x.botaclip").write_bytes(damaged)
        assert card_of(tmp_path / "x.botaclip") == ""
    assert card_of(tmp_path / "none.botaclip") == ""
