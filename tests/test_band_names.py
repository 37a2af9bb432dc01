from __future__ import annotations

import pytest

from botaclip.core.band_names import (
    NAMED_ROLES,
    ROLES,
    WAVELENGTHS_UM,
    AmbiguousBands,
    Band,
    in_order,
    role_of,
    role_title,
    roles_of,
    wavelength_um,
)


def roles(names: str, hints: str = "", *, colours: str = "") -> str:
    """Write and read bands shortly: names and colours split at ``;``, roles as ``r g b n`` with band numbers."""
    words = names.split(";")
    tints = colours.split(";") if colours else ["undefined"] * len(words)
    found = roles_of([Band(name.strip(), tint) for name, tint in zip(words, tints, strict=True)], hints)
    return " ".join(f"{role[0]}{found[role]}" for role in found)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("Blue;Green;Red;NIR", "r3 g2 b1 n4"),
        ("B2_blue;B3_green;B4_red;B5_nir", "r3 g2 b1 n4"),
        ("R;G;B;N", "r1 g2 b3 n4"),
        ("R;G;B;I", "r1 g2 b3 n4"),
        ("R;G;B;NIR;RE;DB", "r1 g2 b3 n4"),  # Pléiades Neo
        ("Rouge;Vert;Bleu;PIR", "r1 g2 b3 n4"),
        ("Rot;Grün;Blau;Nahes Infrarot", "r1 g2 b3 n4"),
        ("Blue;Green;Red;Red edge;NIR", "r3 g2 b1 n5"),  # MicaSense, DJI
        ("Green;Red;RedEdge;NIR", "r2 g1 n4"),  # Sequoia
        ("coastal_blue;blue;green_i;green;yellow;red;rededge;nir", "r6 g4 b2 n8"),  # PlanetScope, 8 bands
        ("coastal aerosol;blue;green;red;nir;swir1;swir2", "r4 g3 b2 n5"),
        ("Near Infrared;r;g;height", "r2 g3 n1"),
        ("Shortwave infrared;thermal infrared;near-infrared (842 nm)", "n3"),
        ("red edge 1;red edge 2;narrow NIR;NIR", "n4"),
        ("surface;landing;sorted;greenness", ""),
        ("NDVI;DEM", ""),
    ],
)
def test_names_in_words(names: str, found: str) -> None:
    assert roles(names) == found


@pytest.mark.parametrize(
    ("names", "hints", "found"),
    [
        ("B2;B3;B4;B8", "", "r3 g2 b1 n4"),
        ("B02;B03;B04;B08", "", "r3 g2 b1 n4"),
        ("B1;B2;B3;B4;B5;B6;B7;B8;B8A;B9;B11;B12", "", "r4 g3 b2 n8"),  # Earth Engine's Sentinel-2
        ("B4;B3;B2", "", "r1 g2 b3"),
        ("B2;B3;B4;B5;B6;B7;B8A;B11;B12", "", "r3 g2 b1 n7"),  # at 20 m there is no B8
        ("S2A_20240501_B04;S2A_20240501_B8A;S2A_20240501_B08", "", "r1 n3"),
        ("B4, central wavelength 665 nm;B3, central wavelength 560 nm;B8A, central wavelength 865 nm", "", "r1 g2 n3"),
        ("SR_B1;SR_B2;SR_B3;SR_B4;SR_B5;SR_B6;SR_B7;ST_B10", "", "r4 g3 b2 n5"),  # Landsat 8, 9
        ("SR_B2;SR_B3;SR_B4;SR_B5", "", "r3 g2 b1 n4"),
        ("SR_B1;SR_B2;SR_B3;SR_B4;SR_B5;ST_B6;SR_B7", "", "r3 g2 b1 n4"),  # Landsat 4 to 7
        ("SR_B2;SR_B3;SR_B4", "LC08_L2SP_034032_20210715_02_T1.tif", "r3 g2 b1"),
        ("SR_B1;SR_B2;SR_B3;SR_B4", "LT05_L2SP_034032_19950715_02_T1.tif", "r3 g2 b1 n4"),
        ("SR_B1;SR_B2;SR_B3;SR_B4", "stack.tif LANDSAT_7", "r3 g2 b1 n4"),
        ("sr_band2;sr_band3;sr_band4;sr_band5", "LC080340322021071501T1.tif", "r3 g2 b1 n4"),
        ("B1;B2;B3;B4;B5", "LE07_TOA.tif", "r3 g2 b1 n4"),
        ("B2;B3;B4;B5", "zion_landsat8.tif", "r3 g2 b1 n4"),
        ("B2;B3;B4;B5", "scene.tif", "r3 g2 b1"),  # B5 is infrared in Landsat 8, red edge in Sentinel-2
        ("B0;B1;B2;B3", "", "r3 g2 b1 n4"),  # Pléiades, SPOT 6 and 7
        ("B1;B2;B3;B4", "SPOT5_HRG.tif", "r2 g1 n3"),
    ],
)
def test_band_codes_of_satellites(names: str, hints: str, found: str) -> None:
    assert roles(names, hints) == found


@pytest.mark.parametrize("names", ["SR_B2;SR_B3;SR_B4", "SR_B1;SR_B2;SR_B3;SR_B4"])
def test_landsat_codes_that_fit_both_generations_are_asked_for(names: str) -> None:
    with pytest.raises(AmbiguousBands, match=r"Landsat 4 to 7 \(blue B1.*Landsat 8 and 9 \(blue B2"):
        roles(names)


def test_mere_numbers_are_no_codes() -> None:
    with pytest.raises(AmbiguousBands, match="mere numbers"):
        roles("b1;b2;b3;b4")
    assert roles("b1;b2;b3", colours="red;green;blue") == "r1 g2 b3"
    assert roles("Band 1;Band 2;Band 3;Band 4") == ""
    assert roles("Band_4;Band_3;Band_2", colours="red;green;blue") == "r1 g2 b3"


@pytest.mark.parametrize(
    ("file", "colours", "found"),
    [
        ("m_3411733_ne_11_060_20200521.tif", "red;green;blue;undefined", "r1 g2 b3 n4"),  # NAIP
        ("m_3411733_ne_11_060_20200521.tif", "red;green;blue", "r1 g2 b3"),
        ("dop10rgbi_32_355_5645_1_nw_2023.jp2", "red;green;blue;undefined", "r1 g2 b3 n4"),
        ("33-2021-0355-6430-LA93-0M20-IRC-E080.jp2", "red;green;blue", "r2 g3 n1"),  # BD ORTHO, infrared colours
        ("33-2021-0355-6430-LA93-0M20-E080.jp2", "red;green;blue", "r1 g2 b3"),
        ("dop20cir_32_355.tif", "red;green;blue", "r2 g3 n1"),
        ("circle.tif", "red;green;blue", "r1 g2 b3"),
        ("20210801_173209_AnalyticMS_SR.tif", "gray;undefined;undefined;undefined", "r3 g2 b1 n4"),
        ("20210801_AnalyticMS_SR_8b.tif", ";".join(["undefined"] * 8), "r6 g4 b2 n8"),
        ("any.tif", "red;green;blue;undefined", "r1 g2 b3"),
        ("any.tif", "red;green;blue;alpha", "r1 g2 b3"),
        ("any.tif", "blue;green;red;nir", "r3 g2 b1 n4"),
        ("any.tif", "gray;undefined;undefined;undefined", ""),
    ],
)
def test_file_names_and_colours_where_bands_have_no_names(file: str, colours: str, found: str) -> None:
    assert roles(";".join([""] * len(colours.split(";"))), file, colours=colours) == found


def test_colours_fill_what_names_leave_open_and_take_no_band_twice() -> None:
    assert roles("nir;;", colours="red;green;blue") == "g2 b3 n1"
    assert roles("red edge;nir;DEM;rouge", colours="gray;undefined;undefined;undefined") == "r4 n2"


def test_wavelengths_say_which_band_is_nearest() -> None:
    centres = [0.443, 0.49, 0.56, 0.6, 0.652, 0.665, 0.705, 0.783, 0.842, 0.865, 1.61]
    bands = [Band(f"{1000 * um:g} Nanometers", wavelength_um=um) for um in centres]
    assert roles_of(bands) == {"red": 6, "green": 3, "blue": 2, "nir": 9}
    landsat = [Band(wavelength_um=um) for um in (0.443, 0.482, 0.561, 0.655, 0.865)]
    assert roles_of(landsat) == {"red": 4, "green": 3, "blue": 2, "nir": 5}
    assert roles_of([Band(wavelength_um=um) for um in (0.705, 1.6, 2.2)]) == {}
    assert all(roles_of([Band(wavelength_um=um)]) == {role: 1} for role, um in WAVELENGTHS_UM.items() if role in ROLES)


def test_further_roles_are_never_found_by_themselves() -> None:
    bands = [Band(name, wavelength_um=um) for name, um in (
        ("rededge1", 0.705), ("Red edge 2", 0.74), ("swir1", 1.61), ("SWIR2", 2.19), ("VV", None), ("vh", None),
        ("elevation", None), ("um1.38", 1.38),
    )]  # fmt: skip
    assert roles_of(bands) == {}
    assert set(NAMED_ROLES).isdisjoint(ROLES)


@pytest.mark.parametrize(
    ("word", "role", "um"),
    [
        ("red", "red", 0.665), (" NIR ", "nir", 0.842), ("rededge1", "rededge1", 0.705), ("rededge2", "rededge2", 0.74),
        ("rededge3", "rededge3", 0.783), ("swir1", "swir1", 1.61), ("SWIR2", "swir2", 2.19), ("vv", "vv", 5.405),
        ("vh", "vh", 5.405), ("elevation", "elevation", None), ("um1.38", "um1.38", 1.38),
        ("UM0.4430", "um0.443", 0.443), ("um10", "um10", 10.0), ("um", None, None), ("um0", None, None),
        ("um0.1", None, None), ("um101", None, None), ("um1,38", None, None), ("um-1", None, None),
        ("um1e3", None, None), ("umnan", None, None), ("ndvi", None, None), ("", None, None),
    ],
)  # fmt: skip
def test_words_and_wavelengths_of_roles(word: str, role: str | None, um: float | None) -> None:
    assert role_of(word) == role
    assert wavelength_um(role or word) == um


def test_roles_keep_one_order() -> None:
    mixed = ["um2.2", "elevation", "swir1", "blue", "um0.443", "vh", "nir", "red", "rededge1"]
    ordered = ("red", "blue", "nir", "rededge1", "swir1", "vh", "elevation", "um0.443", "um2.2")
    assert in_order(mixed) == in_order(reversed(mixed)) == ordered
    assert in_order(("nir", "green", "red")) == ("red", "green", "nir")


def test_titles_are_for_people() -> None:
    assert [role_title(role) for role in ("red", "nir", "rededge2", "swir1", "vv", "elevation", "um1.38")] == [
        "red", "near infrared", "red edge 2", "short-wave infrared 1", "radar VV", "elevation", "1.38 micrometres",
    ]  # fmt: skip
