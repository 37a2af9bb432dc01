"""What is written to a ``.ts`` is read again, and what Qt Linguist writes is understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from .script_modules import script

ts_file = script("ts_file")
Message = ts_file.Message


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "i18n" / "botaclip_fr.ts"
    said = [
        Message('A <b>"bold"</b> & {x}\n2nd line', "Un <b>« gras »</b> & {x}\n2e ligne", ("../a.py", "../b.py"), "n"),
        Message("Not yet", ""),
    ]
    ts_file.write_ts(path, "fr", said)
    assert ts_file.read_ts(path) == said
    text = path.read_text(encoding="utf-8")
    assert '<TS version="2.1" language="fr" sourcelanguage="en">' in text
    assert text.count('type="unfinished"') == 1
    assert not list(path.parent.glob("*.part"))


@pytest.mark.parametrize("kind", ["unfinished", "vanished", "obsolete"])
def test_what_linguist_marks_is_not_translated(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x.ts"
    path.write_text(
        f'<!DOCTYPE TS><TS version="2.1" language="fr"><context><name>BotaCLIP</name><message><location '
        f'filename="../a.py" line="3"/><source>Map</source><translation type="{kind}">Carte</translation></message>'
        "</context></TS>", encoding="utf-8",
    )  # fmt: skip
    assert ts_file.read_ts(path) == [Message("Map", "", ("../a.py",))]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("<TS><context><name>Other</name></context></TS>", "context 'Other'"), ("<TS>", "is no XML")],
)
def test_what_is_not_ours_is_refused(text: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "x.ts").write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match=complaint):
        ts_file.read_ts(tmp_path / "x.ts")
