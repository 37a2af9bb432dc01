"""Which band is red, green, blue or near infrared: what names, wavelengths, file names and colours say about it.

The facts are data, below; :func:`roles_of` weighs them, the most explicit first. Nothing is guessed from the number
of bands alone: RGB + infrared and RGB + transparency look the same, and a wrong guess shows nowhere.

Further bands (red edge, short-wave infrared, radar, elevation, any wavelength) have roles too, but only where the user
names them: found by themselves they would change what a raster is to models that were made without them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence

ROLES = ("red", "green", "blue", "nir")
# Roles that a band has only when the user says so.
NAMED_ROLES = ("rededge1", "rededge2", "rededge3", "swir1", "swir2", "vv", "vh", "elevation")
# Centres of Sentinel-2's bands, micrometres; 5.405 is what DOFA was trained with for Sentinel-1's radar of 5.405 GHz.
WAVELENGTHS_UM = {
    "red": 0.665, "green": 0.56, "blue": 0.49, "nir": 0.842, "rededge1": 0.705, "rededge2": 0.74, "rededge3": 0.783,
    "swir1": 1.61, "swir2": 2.19, "vv": 5.405, "vh": 5.405,
}  # fmt: skip
ROLES_IN_WORDS = f"{', '.join(ROLES + NAMED_ROLES)}, or um and a wavelength in micrometres (um1.38)"
_TITLES = {
    "nir": "near infrared", "rededge1": "red edge 1", "rededge2": "red edge 2", "rededge3": "red edge 3",
    "swir1": "short-wave infrared 1", "swir2": "short-wave infrared 2", "vv": "radar VV", "vh": "radar VH",
}  # fmt: skip
_WAVELENGTH_ROLE = re.compile(r"um(\d{1,3}(?:\.\d{1,6})?)")
_LEAST_UM, _MOST_UM = 0.2, 100.0

# Centre wavelengths (micrometres) that are called by each name; the nearest to the band above is taken.
_RANGES_UM = {"red": (0.62, 0.69), "green": (0.53, 0.59), "blue": (0.45, 0.52), "nir": (0.76, 0.9)}

# Names as a whole: letters count only when nothing else stands beside them.
_NAMES = {
    "red": {"red", "r", "rouge", "rot", "rojo", "rood", "rosso", "vermelho"},
    "green": {"green", "g", "vert", "gruen", "grün", "verde", "groen"},
    "blue": {"blue", "b", "bleu", "blau", "azul", "blauw", "blu"},
    "nir": {"nir", "n", "i", "ir", "pir", "nir1", "infrared", "infrarouge", "near infrared", "near ir",
            "proche infrarouge", "nahes infrarot", "infrarrojo cercano"},
}  # fmt: skip
# Words inside a longer name ("B4_red", "Near Infrared 842"); a name with a word of _OTHER_BANDS is another band.
_WORDS = {
    "red": {"red", "rouge", "rot", "rojo", "rood", "rosso", "vermelho"},
    "green": {"green", "vert", "gruen", "grün", "verde", "groen"},
    "blue": {"blue", "bleu", "blau", "azul", "blauw"},
    "nir": {"nir", "pir", "nir1"},
}
_NEAR_INFRARED = re.compile(r"\b(near|proche) (infra ?red|infrarouge|ir)\b")
_OTHER_BANDS = {
    "edge", "rededge", "coastal", "aerosol", "deep", "yellow", "swir", "shortwave", "short", "mid", "middle", "mir",
    "thermal", "tir", "far", "narrow", "nir2", "index", "ratio", "infrarouge moyen",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Band:
    """What a file says about one of its bands.

    Parameters
    ----------
    name
        Its description, empty where it has none.
    colour
        Its colour interpretation as GDAL words it (``red``, ``gray``, ``alpha``, ``undefined`` ...).
    wavelength_um
        Its centre in micrometres, None where the file is silent.
    """

    name: str = ""
    colour: str = "undefined"
    wavelength_um: float | None = None


@dataclasses.dataclass(frozen=True)
class Product:
    """The band codes of a sensor, by role.

    Parameters
    ----------
    name
        What people call it.
    hint
        Regular expression on the file's name and its tags on the satellite: how one knows it by them.
    bands
        Role to codes, the preferred one first, in the form :func:`_code` gives.
    """

    name: str
    hint: str
    bands: dict[str, tuple[str, ...]]


_SENTINEL_2 = Product(
    "Sentinel-2", r"(^|[^a-z0-9])s2[abc]?(_|-|msi)|sentinel[ _-]?2|_t\d\d[a-z]{3}_\d{8}t\d{6}",
    {"red": ("b4",), "green": ("b3",), "blue": ("b2",), "nir": ("b8", "b8a")},
)  # fmt: skip
_LANDSAT_OLI = Product(
    "Landsat 8 and 9", r"(^|[^a-z0-9])l[co]0[89](_|$)|landsat[ _-]?[89]|(^|[^a-z0-9])l[co][89]\d{13}",
    {"red": ("b4",), "green": ("b3",), "blue": ("b2",), "nir": ("b5",)},
)
_LANDSAT_TM = Product(
    "Landsat 4 to 7", r"(^|[^a-z0-9])l[te]0[4-7](_|$)|landsat[ _-]?[4-7]|(^|[^a-z0-9])l[te][4-7]\d{13}",
    {"red": ("b3",), "green": ("b2",), "blue": ("b1",), "nir": ("b4",)},
)
_PLEIADES = Product(
    "Pléiades and SPOT 6 and 7", r"pl[eé]iades|(^|_)phr1[ab]|(^|_)spot[67]|img_(phr|spot[67])",
    {"red": ("b2",), "green": ("b1",), "blue": ("b0",), "nir": ("b3",)},
)
_SPOT_5 = Product("SPOT 1 to 5", r"(^|[^a-z0-9])spot ?[1-5]", {"red": ("b2",), "green": ("b1",), "nir": ("b3",)})
PRODUCTS = (_SENTINEL_2, _LANDSAT_OLI, _LANDSAT_TM, _PLEIADES, _SPOT_5)

# Files whose bands have no names, but whose file name is a naming rule of their makers: number of bands, roles in
# their order. False colour comes first of all: its makers call infrared "red" so that programs show it.
_FALSE_COLOUR = re.compile(r"(?<![a-z])(irc|cir)(?![a-z])|dop\d*_?cir")
_LAYOUTS = (
    # USDA NAIP quarter quads; German state orthophotos "dop10rgbi_32_..."; rgbn, rgbi, rvbi as a word.
    (re.compile(r"(^|/)m_\d{7}_(ne|nw|se|sw)_\d\d_"), 4, ("red", "green", "blue", "nir")),
    (re.compile(r"(?<![a-z])(rgbi|rgbn|rgbnir|rvbi|rvbpir)(?![a-z])|dop\d*_?rgbi"), 4, ("red", "green", "blue", "nir")),
    # Planet's scenes of before the bands had names.
    (re.compile(r"analyticms(?!.*8b)"), 4, ("blue", "green", "red", "nir")),
    (re.compile(r"analyticms.*8b"), 8, ("", "blue", "", "green", "", "red", "", "nir")),
)  # fmt: skip


class AmbiguousBands(Exception):
    """Band codes that mean different colours by sensor; the text says which, and what to do."""


def role_of(text: str) -> str | None:
    """Return the role that a user's word means, ``um1.380`` as ``um1.38``; None where it means none."""
    word = text.strip().lower()
    if word in ROLES + NAMED_ROLES:
        return word
    match = _WAVELENGTH_ROLE.fullmatch(word)
    if match is None or not _LEAST_UM <= float(match.group(1)) <= _MOST_UM:
        return None
    return f"um{float(match.group(1)):g}"


def wavelength_um(role: str) -> float | None:
    """Return a role's centre wavelength in micrometres; None for elevation and for what is no role."""
    if role in WAVELENGTHS_UM:
        return WAVELENGTHS_UM[role]
    known = role_of(role)
    return float(known.removeprefix("um")) if known is not None and known.startswith("um") else None


def in_order(roles: Iterable[str]) -> tuple[str, ...]:
    """Return roles in the one order that all rasters keep: as listed here, wavelengths behind, ascending."""
    listed = ROLES + NAMED_ROLES

    def place(role: str) -> tuple[int, float, str]:
        return (listed.index(role), 0.0, "") if role in listed else (len(listed), wavelength_um(role) or 0.0, role)

    return tuple(sorted(roles, key=place))


def role_title(role: str) -> str:
    """Return a role in words: ``near infrared`` for ``nir``."""
    if role in _TITLES or role in ROLES + NAMED_ROLES:
        return _TITLES.get(role, role)
    wavelength = wavelength_um(role)
    return role if wavelength is None else f"{wavelength:g} micrometres"


def roles_of(bands: Sequence[Band], hints: str = "") -> dict[str, int]:
    """Return the bands (from 1) that are red, green, blue and near infrared; without those that nothing names.

    In this order, each filling what the ones before left open: names in words; wavelengths; the band codes of the
    common satellites (where the same code means different bands, the sensor is read from ``hints``); the naming
    rules of orthophotos; the colour interpretation.

    Parameters
    ----------
    bands
        All bands of the file.
    hints
        File name and tags that name the satellite.

    Raises
    ------
    AmbiguousBands
        The codes are those of more than one sensor and nothing says of which.
    """
    hints = hints.lower()
    choice = _by_words(bands)
    _fill(choice, _by_wavelength(bands))
    if not choice:
        choice = _by_code(bands, hints)
    if not choice:
        choice = _by_layout(bands, hints)
    _fill(choice, {band.colour: i for i, band in _numbered(bands) if band.colour in ROLES})
    return {role: choice[role] for role in ROLES if role in choice}


def _numbered(bands: Sequence[Band]) -> list[tuple[int, Band]]:
    """Bands with their numbers, the last one first, so that in a dict the first of equals stays."""
    return list(enumerate(bands, start=1))[::-1]


def _fill(choice: dict[str, int], more: dict[str, int]) -> None:
    for role, index in more.items():
        if role not in choice and index not in choice.values():
            choice[role] = index


def _plain(name: str) -> str:
    """Lower case, words apart: ``B4_red`` and ``b4-Red`` are one name."""
    return " ".join(re.split(r"[\s_\-.:,;()/]+", name.strip().lower())).strip()


def _by_words(bands: Sequence[Band]) -> dict[str, int]:
    choice: dict[str, int] = {}
    for role in ROLES:
        for i, band in _numbered(bands):
            if _plain(band.name) in _NAMES[role]:
                choice[role] = i
    inside: dict[str, int] = {}
    for i, band in _numbered(bands):
        name = _plain(band.name)
        words = set(name.split())
        if words & _OTHER_BANDS or len(words) < 2:
            continue
        for role in ROLES:
            if (words & _WORDS[role] and "infra" not in name) or (role == "nir" and _NEAR_INFRARED.search(name)):
                inside[role] = i
    _fill(choice, inside)
    return choice


def _by_wavelength(bands: Sequence[Band]) -> dict[str, int]:
    choice: dict[str, int] = {}
    for role, (low, high) in _RANGES_UM.items():
        known = [(abs(b.wavelength_um - WAVELENGTHS_UM[role]), i) for i, b in enumerate(bands, start=1)
                 if b.wavelength_um is not None and low <= b.wavelength_um <= high]  # fmt: skip
        if known:
            choice[role] = min(known)[1]
    return choice


def _code(name: str) -> str:
    """Return the band code that a name ends with (``LC08_..._SR_B4`` -> ``sr b4``), without leading zeros, or ``""``.

    ``Band 4`` is no code: half of all programs write it and mean the fourth.
    """
    plain = _plain(name).split(" central ")[0]
    match = re.search(r"(?:^|\s)(sr\s)?(?:b|sr band)0*(\d{1,2}a?)$", plain)
    match = match or re.match(r"(sr\s)?b0*(\d{1,2}a?)\s", plain)
    if match is None or re.search(r"(^|\s)st b", plain):
        return ""
    return f"{'sr ' if match.group(1) or 'sr band' in plain else ''}b{match.group(2)}"


def _by_code(bands: Sequence[Band], hints: str) -> dict[str, int]:
    codes: dict[str, int] = {}
    for i, band in _numbered(bands):
        if code := _code(band.name):
            codes[code] = i
    if not codes:
        return {}
    surface = any(code.startswith("sr ") for code in codes)
    codes = {code.removeprefix("sr "): i for code, i in codes.items()}
    names = {_plain(band.name) for band in bands}
    product = _product(codes, names, bands, hints, surface=surface)
    choice: dict[str, int] = {}
    for role, known in (product.bands if product else {}).items():
        for code in known:
            if code in codes:
                choice.setdefault(role, codes[code])
    if product is None and {"b2", "b3", "b4"} <= set(codes):
        # Sentinel-2 and Landsat 8 agree on these three, and not on infrared.
        choice = {"red": codes["b4"], "green": codes["b3"], "blue": codes["b2"]}
    return choice


def _product(
    codes: dict[str, int], names: set[str], bands: Sequence[Band], hints: str, *, surface: bool
) -> Product | None:
    """Return the product that the codes belong to; None where Sentinel-2 and Landsat 8 are both possible."""
    for product in PRODUCTS:
        if re.search(product.hint, hints):
            return product
    if surface:
        return _landsat(codes, names)
    if "b8a" in codes or "b12" in codes or any(re.fullmatch(r"b0\d", name) for name in names):
        return _SENTINEL_2
    if "b0" in codes:
        return _PLEIADES
    counted = [codes.get(f"b{i}") == i for i in range(1, len(bands) + 1)]
    if "b1" in codes and all(counted):
        _ambiguous(bands, "which may be a satellite's or mere numbers")
    return _SENTINEL_2 if "b8" in codes else None


def _landsat(codes: dict[str, int], names: set[str]) -> Product:
    """Tell the two generations of Landsat surface reflectance apart by the bands that only one of them has."""
    if "st b10" in names or {"b5", "b6"} <= set(codes) or {"b2", "b3", "b4", "b5"} == set(codes):
        return _LANDSAT_OLI
    if "st b6" in names or ({"b5", "b7"} <= set(codes) and "b6" not in codes):
        return _LANDSAT_TM
    raise AmbiguousBands(
        "which are other colours in Landsat 4 to 7 (blue B1, green B2, red B3, infrared B4) than in Landsat 8 and 9 "
        "(blue B2, green B3, red B4, infrared B5)"
    )


def _ambiguous(bands: Sequence[Band], why: str) -> None:
    if not any(band.colour in ROLES for band in bands):
        raise AmbiguousBands(why)


def _by_layout(bands: Sequence[Band], hints: str) -> dict[str, int]:
    if _FALSE_COLOUR.search(hints) and len([band for band in bands if band.colour != "alpha"]) == 3:
        return {"nir": 1, "red": 2, "green": 3}
    for pattern, count, roles in _LAYOUTS:
        if len(bands) == count and pattern.search(hints):
            return {role: i for i, role in enumerate(roles, start=1) if role}
    return {}
