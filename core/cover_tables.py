"""What each code of a cover scale is worth in per cent, and where that comes from.

Values of the Turboveg convention: Turboveg 2 ``tvscale.dbf`` (Hennekens & Schaminée 2001, doi:10.2307/3237010), scales
01 and 02 (Braun-Blanquet), 03 (Londo 1976, doi:10.1007/BF00055300) and 05 (ordinal 1-9). Class mid-points: van der
Maarel 1979, doi:10.1007/BF00052021, on the class limits of Braun-Blanquet 1964 and Reichelt & Wilmanns 1973. They
differ most at class 4 (68 against 62.5 %), so which one was used is written into the model.
"""

from __future__ import annotations

import dataclasses
from typing import Any

BRAUN_BLANQUET_OLD = {"r": 1.0, "i": 1.0, "+": 2.0, "1": 3.0, "2": 13.0, "3": 38.0, "4": 68.0, "5": 88.0}
# A plain 2 among 2m, 2a and 2b is the whole class, as in the old scale.
TURBOVEG = BRAUN_BLANQUET_OLD | {"2m": 4.0, "2a": 8.0, "2b": 18.0}
MIDPOINT = {
    "r": 0.1, "i": 0.1, "+": 0.5, "1": 2.5, "2": 15.0, "2m": 2.5, "2a": 8.75, "2b": 18.75, "3": 37.5, "4": 62.5,
    "5": 87.5,
}  # fmt: skip
ORDINAL = dict(zip("123456789", (1.0, 2.0, 3.0, 4.0, 8.0, 18.0, 38.0, 68.0, 88.0), strict=True))


def _londo() -> dict[str, float]:
    """Return the codes of Londo's decimal scale.

    ``.1 .2 .4``, also with r (rare), p (few), a (many), m (very many) before them; 1 to 9 for tenths of the plot, with
    - and + for their lower and upper halves; 10. The file gives 9+ less than 9 (87 %), an evident error: it continues
    the row 12, 22, 32 ... as 92.
    """
    values: dict[str, float] = {}
    for code, dotted, plain in (("1", 0.5, 1.0), ("2", 2.0, 2.0), ("4", 4.0, 4.0)):
        values |= {f"{prefix}.{code}": dotted for prefix in ("", "0", "r", "p", "a", "m")}
        values |= {f"{prefix}{code}": plain for prefix in "rpam"}
    for tenth in range(1, 10):
        values |= {f"{tenth}-": 10.0 * tenth - 3, f"{tenth}": 10.0 * tenth, f"{tenth}+": 10.0 * tenth + 2}
    return values | {"10": 97.0}


LONDO = _londo()


@dataclasses.dataclass(frozen=True)
class CoverScale:
    """How the codes of a table become numbers.

    Parameters
    ----------
    name
        ``percent``, ``fraction``, ``presence``, ``braun-blanquet``, ``braun-blanquet-old``,
        ``braun-blanquet-midpoint``, ``ordinal``, ``londo`` or ``abundance``.
    source
        Where its values come from.
    values
        Per cent of each code; empty where numbers are taken as they stand.
    deduced
        Whether it was deduced from the codes rather than stated.
    """

    name: str
    source: str
    values: dict[str, float] = dataclasses.field(default_factory=dict)
    deduced: bool = False

    def __str__(self) -> str:
        """Return the name and the source."""
        return f"{self.name} ({self.source})"

    def to_json(self) -> dict[str, Any]:
        """Return it as it is written into the model."""
        return dataclasses.asdict(self)


SCALES = {
    scale.name: scale
    for scale in (
        CoverScale("percent", "per cent as given"),
        CoverScale("fraction", "fractions of 1, times 100"),
        CoverScale("presence", "presence as given; cover 100 stands for present"),
        CoverScale("braun-blanquet", "Turboveg 2 tvscale.dbf, scales 01 and 02", TURBOVEG),
        CoverScale("braun-blanquet-old", "Turboveg 2 tvscale.dbf, scale 01", BRAUN_BLANQUET_OLD),
        CoverScale("braun-blanquet-midpoint", "class mid-points (van der Maarel 1979)", MIDPOINT),
        CoverScale("ordinal", "Turboveg 2 tvscale.dbf, scale 05, 1 to 9", ORDINAL),
        CoverScale("londo", "Londo 1976, Turboveg 2 tvscale.dbf, scale 03, 9+ put right to 92", LONDO),
        CoverScale("abundance", "abundance as given"),
    )
}
