"""Golden values of every code of every scale, as in the reference (Turboveg 2 tvscale.dbf; van der Maarel 1979)."""

from __future__ import annotations

import pytest

from botaclip.core.commands import COMMANDS
from botaclip.core.cover_tables import SCALES

GOLDEN = {
    "braun-blanquet-old": "r 1 i 1 + 2 1 3 2 13 3 38 4 68 5 88",
    "braun-blanquet": "r 1 i 1 + 2 1 3 2 13 2m 4 2a 8 2b 18 3 38 4 68 5 88",
    "braun-blanquet-midpoint": "r .1 i .1 + .5 1 2.5 2 15 2m 2.5 2a 8.75 2b 18.75 3 37.5 4 62.5 5 87.5",
    "ordinal": "1 1 2 2 3 3 4 4 5 8 6 18 7 38 8 68 9 88",
    "londo": (
        ".1 .5 0.1 .5 r.1 .5 p.1 .5 a.1 .5 m.1 .5 r1 1 p1 1 a1 1 m1 1 "
        ".2 2 0.2 2 r.2 2 p.2 2 a.2 2 m.2 2 r2 2 p2 2 a2 2 m2 2 "
        ".4 4 0.4 4 r.4 4 p.4 4 a.4 4 m.4 4 r4 4 p4 4 a4 4 m4 4 "
        "1- 7 1 10 1+ 12 2- 17 2 20 2+ 22 3- 27 3 30 3+ 32 4- 37 4 40 4+ 42 5- 47 5 50 5+ 52 "
        "6- 57 6 60 6+ 62 7- 67 7 70 7+ 72 8- 77 8 80 8+ 82 9- 87 9 90 9+ 92 10 97"
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_every_code(name: str) -> None:
    words = GOLDEN[name].split()
    assert SCALES[name].values == {code: float(value) for code, value in zip(words[::2], words[1::2], strict=True)}


def test_londo_rises_with_its_codes() -> None:
    """The file's 87 for 9+ would fall below 9: put right, every step is up."""
    codes = [".1", "r1", ".2", ".4", *(f"{tenth}{half}" for tenth in range(1, 10) for half in ("-", "", "+")), "10"]
    values = [SCALES["londo"].values[code] for code in codes]
    assert values == sorted(set(values))


def test_the_scales_are_the_choices_of_the_option() -> None:
    option = next(option for option in COMMANDS["train"].options if option.name == "cover-scale")
    assert set(option.choices) == {"auto", *SCALES} - {"abundance"}
