"""What must not go into a report is struck out, and what is of use stays."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest

from botaclip.core.private_text import ROOT, folder_words, without_paths

KEPT = (ROOT, Path("/home/ann/.local/share/botaclip/environments"))


@pytest.fixture(autouse=True)
def ann(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setattr(getpass, "getuser", lambda: "ann")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/ann/My data/r.tif: it has no CRS. Use --crs.", "<path>: it has no CRS. Use --crs."),
        ("cannot open '/data/My file.tif'", "cannot open '<path>'"),
        ("/data/d'été à Grenoble (2019), sud/r.tif: no CRS", "<path>: no CRS"),
        ("/data/plots (copy 1).csv: no column", "<path>: no column"),
        (r"C:\Users\Ann\data\x y.tif: bad", "<path>: bad"),
        (r"\\server\share\ann\x.tif: bad", "<path>: bad"),
        ("/vsizip//home/ann/x.zip/y.tif: bad", "<path>: bad"),
        ("~/data/x.tif: bad", "<path>: bad"),
        ("through http://ann:s3cret@proxy:80", "through http://***@proxy:80"),
        (f'File "{ROOT}/core/cli.py", line 3, in main', 'File "<plugin>/core/cli.py", line 3, in main'),
        ('File "/usr/lib/python3.11/json/__init__.py", line 1', 'File "<path>", line 1'),
        ("/home/ann/.local/share/botaclip/environments/cp311-x/bin/python: the package numpy is missing",
         "~/.local/share/botaclip/environments/cp311-x/bin/python: the package numpy is missing"),
        ("3/4 of the pixels, 5 km/h, and/or --bands a", "3/4 of the pixels, 5 km/h, and/or --bands a"),
        ("KeyError: 'cover'\x07\x00", "KeyError: 'cover'"),
    ],
)
def test_paths_and_passwords_are_struck_out(text: str, shown: str) -> None:
    assert without_paths(text, KEPT) == shown


def test_a_folder_of_the_report_names_no_user() -> None:
    assert folder_words(Path("/home/ann/.cache/botaclip")) == "`~/.cache/botaclip`"
    assert folder_words(Path("/scratch/ann/botaclip")) == "`/scratch/<user>/botaclip`"
    assert folder_words(Path("/scratch/annex/botaclip")) == "`/scratch/annex/botaclip`"
    assert folder_words(Path("/home/anna/x")) == "`/home/anna/x`", "another home"
