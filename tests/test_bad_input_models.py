"""Model files that are damaged, altered, newer or hostile: one sentence, exit code 1, nothing left behind."""

from __future__ import annotations

import json
import resource
import subprocess
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests import hostile_models as hostile
from tests.model_fixture import write_model, write_raster
from tests.warm_cli import COMMAND, Answer, WarmCli, check_refusal, listing, warm_cli

from botaclip.core.applied_imagery import environment_for
from botaclip.core.errors import BotaclipError, ModelFileError
from botaclip.core.model_file import ModelFile
from botaclip.core.model_report import info, verify
from botaclip.core.progress import Progress


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raster(tmp_path_factory.mktemp("raster") / "r.tif", size=200)


@pytest.fixture(scope="module")
def good(raster: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    return write_model(tmp_path_factory.mktemp("model") / "m.botaclip", raster)


@pytest.fixture(scope="module")
def botaclip() -> Iterator[WarmCli]:
    with warm_cli() as cli:
        yield cli


GRAPHS = {
    name: (lambda good, make=make: hostile.with_head(make())(good), says)
    for name, (make, says) in {**hostile.GRAPHS, **hostile.RUNS}.items()
}


@pytest.mark.parametrize("name", [*hostile.STRUCTURE, *GRAPHS])
def test_verify_refuses(good: ModelFile, botaclip: WarmCli, tmp_path: Path, name: str) -> None:
    case, says = {**hostile.STRUCTURE, **GRAPHS}[name]
    path = hostile.write(case, good, tmp_path / "bad.botaclip")
    sentence = botaclip.refuses("verify", path, folder=tmp_path, says=says)
    assert str(path) in sentence


@pytest.mark.parametrize("name", ["truncated", "altered", "newer", "upward path", "pickle in it", "bomb"])
def test_the_real_program_refuses(good: ModelFile, tmp_path: Path, name: str) -> None:
    case, says = hostile.STRUCTURE[name]
    path = hostile.write(case, good, tmp_path / "bad.botaclip")
    before = listing(tmp_path)
    words = {"truncated": "info", "altered": "info"}.get(name, "verify")
    done = subprocess.run([*COMMAND, words, str(path)], capture_output=True, text=True, check=False, cwd=tmp_path)
    lines = done.stderr.splitlines()
    # Standard error also holds the command line that was run.
    check_refusal(Answer(done.returncode, done.stdout, "\n".join(lines[-1:])), says)
    assert "Traceback" not in done.stderr and listing(tmp_path) == before


@pytest.mark.parametrize("name", ["altered", "newer", "bomb", "link"])
@pytest.mark.parametrize("command", ["info", "embed", "suitability", "predict"])
def test_no_command_opens_it(
    good: ModelFile, botaclip: WarmCli, raster: Path, tmp_path: Path, name: str, command: str
) -> None:
    case, says = hostile.STRUCTURE[name]
    path = hostile.write(case, good, tmp_path / "bad.botaclip")
    points = tmp_path / "points.csv"
    points.write_text("x,y\n700100,6599900\n")
    more: dict[str, list[Any]] = {
        "info": [path, "--output", tmp_path / "info.json"],
        "embed": ["--model", path, "--raster", raster, "--output", tmp_path / "e.tif"],
        "suitability": ["--model", path, "--raster", raster, "--output", tmp_path / "s.tif"],
        "predict": ["--model", path, "--raster", raster, "--points", points, "--crs", "EPSG:2154",
                    "--output", tmp_path / "p.gpkg"],
    }  # fmt: skip
    botaclip.refuses(command, *more[command], folder=tmp_path, says=says)


# Numbers that are not finite are nodata in a map; verify tells them.
@pytest.mark.parametrize("name", [name for name in hostile.RUNS if name != "not finite"])
def test_a_map_with_a_graph_that_misbehaves(
    good: ModelFile, botaclip: WarmCli, raster: Path, tmp_path: Path, name: str
) -> None:
    """Without ``verify`` before it, the worker stays within its memory and the map is not begun."""
    make, says = hostile.RUNS[name]
    path = hostile.write(hostile.with_head(make()), good, tmp_path / "bad.botaclip")
    words = ["--model", path, "--raster", raster, "--output", tmp_path / "s.tif", "--stride", 100]
    botaclip.refuses("suitability", *words, folder=tmp_path, says=says)


def test_refusing_takes_little_memory(good: ModelFile, tmp_path: Path) -> None:
    """Bombs are found before they go off: all of them in this process cost less than 400 MiB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in ("bomb", "huge size", "deep JSON", "long number", "arrays with a long header", "arrays overflow"):
        with pytest.raises(ModelFileError):
            ModelFile.open(hostile.write(hostile.STRUCTURE[name][0], good, tmp_path / "bad.botaclip"))
    for name in ("swells by Expand", "swells by ConstantOfShape", "swells by a product"):
        path = hostile.write(hostile.with_head(hostile.RUNS[name][0]()), good, tmp_path / "bad.botaclip")
        with pytest.raises(ModelFileError, match="more memory"):
            verify({"model": str(path)}, Progress())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 * 1024


JUNK = (None, True, -1, 0, 1e308, "x", "", [], {}, [None], {"a": 1})


def leaves(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value in metadata."""
    if way:
        yield way
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*way, key))
    elif isinstance(value, list) and value:
        yield from leaves(value[0], (*way, 0))


def test_no_metadata_make_info_or_verify_stumble(good: ModelFile, tmp_path: Path) -> None:
    """Every value of the metadata replaced by junk, or taken away: read, or refused in words."""
    path = tmp_path / "m.botaclip"
    random = np.random.default_rng(0)
    refused = 0
    for way in leaves(good.metadata):
        for junk in (*[JUNK[i] for i in random.permutation(len(JUNK))[:4]], "away"):
            metadata = json.loads(good.parts["metadata.json"])
            inner = metadata
            for step in way[:-1]:
                inner = inner[step]
            if junk == "away":
                del inner[way[-1]]
            else:
                inner[way[-1]] = junk
            path.write_bytes(hostile.zipped({**good.parts, "metadata.json": json.dumps(metadata).encode()}))
            try:
                info({"model": str(path)}, Progress())
                verify({"model": str(path)}, Progress())
            except BotaclipError as error:
                assert str(path) in error.sentence, (way, junk, error.sentence)
                refused += 1
    assert refused > 100


def test_flipped_bits_never_make_the_reader_stumble(good: ModelFile, tmp_path: Path) -> None:
    """Parts with flipped bits and checksums that fit them: what an attacker, not a bad disk, would send."""
    random = np.random.default_rng(2)
    path = tmp_path / "m.botaclip"
    for name in ("adapter.onnx", "head.onnx", "encoder.onnx", "arrays.safetensors"):
        for _ in range(25):
            blob = bytearray(good.parts[name])
            for at in random.integers(0, min(len(blob), 400), 2):
                blob[at] ^= 1 << int(random.integers(8))
            path.write_bytes(hostile.zipped({**good.parts, name: bytes(blob)}))
            try:
                verify({"model": str(path)}, Progress())
            except BotaclipError as error:
                assert str(path) in error.sentence


@pytest.mark.parametrize("path", ["\\\\evil\\share\\x.tif", "//evil/share/x.tif", "/vsicurl/http://evil/x.tif"])
def test_a_recorded_place_on_a_server_is_not_asked_for(
    raster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    layer = {"name": "dem", "file": "x.tif", "band": 1, "path": path}
    model = types.SimpleNamespace(
        environment=(layer,), file=types.SimpleNamespace(path=tmp_path / "m.botaclip"), metadata={}
    )
    asked: list[Path] = []
    monkeypatch.setattr(Path, "exists", lambda self: asked.append(self) or True)  # type: ignore[func-returns-value]
    with pytest.raises(ModelFileError, match="dem"):
        environment_for(model, None)  # type: ignore[arg-type]
    assert asked == []


def test_not_a_model_at_all(botaclip: WarmCli, tmp_path: Path) -> None:
    (tmp_path / "folder.botaclip").mkdir()
    (tmp_path / "text.botaclip").write_text("hello")
    cases: list[tuple[str, tuple[str, ...]]] = [
        ("gone.botaclip", ("there is no such file", "choose a *.botaclip file")),
        ("folder.botaclip", ("there is no such file",)),
        ("text.botaclip", ("no readable model file",)),
    ]
    for name, says in cases:
        botaclip.refuses("verify", tmp_path / name, folder=tmp_path, says=says)


def test_a_good_model_passes(good: ModelFile, botaclip: WarmCli) -> None:
    answer = botaclip("verify", good.path)
    assert answer.code == 0 and answer.err == "" and good.sha256 in answer.out


