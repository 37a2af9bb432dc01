"""Feeds seeded mutations of good files to the readers, in a process of its own: a crash of a library is seen as one.

``python fuzz_readers.py KIND COUNT FOLDER``: prints JSON with how many were taken, how many refused in our words, and
what else happened (``strange``, ``slow``).
"""

from __future__ import annotations

import contextlib
import json
import random
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if "botaclip" not in sys.modules:
    import importlib.util

    spec = importlib.util.spec_from_file_location("_boot", ROOT / "core" / "worker_boot.py")
    assert spec is not None and spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
sys.path.insert(0, str(ROOT / "tests"))

from botaclip.core.applied_imagery import AppliedImagery  # noqa: E402
from botaclip.core.data_folder import read_data_folder  # noqa: E402
from botaclip.core.errors import BotaclipError  # noqa: E402
from botaclip.core.model import Model  # noqa: E402
from botaclip.core.model_report import words  # noqa: E402
from botaclip.core.places import Points  # noqa: E402
from botaclip.core.releves import read_releves  # noqa: E402
from botaclip.core.similarity import plots_alike, speaking_for  # noqa: E402

SLOW_SECONDS = 20.0
ODD: tuple[Any, ...] = (
    None, -1, 0, 1e308, -1e308, 2**63, float("nan"), "", "x" * 5000, "\x1b[2J", "\u202e", [], {}, [[]], True,
    "../../etc/passwd", [None] * 50, {"a": {"b": []}}, "1e999", "0x10", "٣", "𝟙",
)  # fmt: skip
CELLS = (
    '"', ";", ",", "\t", "\n", "\r", "\x00", "NaN", "-", "1e999", "99999999999999999999", "é", "\ufeff", "'", "=1+1",
    "",
)  # fmt: skip


def mutated_bytes(data: bytes, rng: random.Random) -> bytes:
    """Flip, cut, double, insert or zero some bytes; the first kilobyte, where headers are, as often as all the rest."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        most = min(len(made), 1024) if rng.random() < 0.5 else len(made)
        at = rng.randrange(max(1, most))
        match rng.randrange(6):
            case 0 if made:
                made[at] ^= 1 << rng.randrange(8)
            case 1:
                made[at : at + rng.choice((1, 4, 64))] = bytes(rng.choice((1, 4, 64)))
            case 2:
                del made[at : at + rng.choice((1, 16, 4096))]
            case 3:
                made[at:at] = rng.randbytes(rng.choice((1, 8, 256)))
            case 4:
                made[at:at] = made[at : at + rng.choice((8, 512))]
            case 5 if rng.random() < 0.3:
                del made[at:]
            case _:
                made[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\x7f\xff\xff\xff"))
    return bytes(made)


def mutated_text(text: str, rng: random.Random) -> bytes:
    """Put odd cells, quotes and line ends anywhere, swap and cut lines; sometimes in another encoding."""
    made = text
    for _ in range(rng.choice((1, 2, 5, 30))):
        at = rng.randrange(len(made) + 1)
        match rng.randrange(4):
            case 0:
                made = made[:at] + rng.choice(CELLS) + made[at:]
            case 1:
                made = made[:at] + made[at + rng.choice((1, 3, 40)) :]
            case 2:
                lines = made.split("\n")
                rng.shuffle(lines)
                made = "\n".join(lines)
            case _:
                made = made[:at] + made[max(0, at - 60) : at] + made[at:]
    return made.encode(rng.choice(("utf-8", "utf-8", "latin-1", "utf-16")), errors="replace")


def mutated_json(value: Any, rng: random.Random) -> Any:
    """Return the value with one of its leaves or branches replaced, taken out, or doubled."""
    if isinstance(value, (dict, list)) and value and rng.random() < 0.85:
        made: Any = dict(value) if isinstance(value, dict) else list(value)
        key = rng.choice(list(made)) if isinstance(made, dict) else rng.randrange(len(made))
        if rng.random() < 0.15:
            del made[key]
        else:
            made[key] = mutated_json(made[key], rng)
        return made
    return rng.choice(ODD)


def raster_reader(folder: Path) -> Callable[[random.Random], None]:
    """Rasters: opened, placed and looked at with a model."""
    good, model = (folder / "r.tif").read_bytes(), Model.open(folder / "m.botaclip")

    def read(rng: random.Random) -> None:
        path = folder / "fuzz.tif"
        path.write_bytes(mutated_bytes(good, rng))
        place = Points([700_200.0], [6_599_800.0], "EPSG:2154")
        with AppliedImagery.open(model, path, device="cpu") as applied:
            applied.at(place, [0])

    return read


def table_reader(folder: Path) -> Callable[[random.Random], None]:
    """Relevé tables."""
    good = (folder / "releves.csv").read_text(encoding="utf-8")

    def read(rng: random.Random) -> None:
        path = folder / "fuzz.csv"
        path.write_bytes(mutated_text(good, rng))
        read_releves(path, crs="EPSG:2154", plot_field="plot", cover_field="cover", cover_scale="percent")

    return read


def data_reader(folder: Path) -> Callable[[random.Random], None]:
    """``botaclip.json`` of a folder of data."""
    good = json.loads((folder / "data" / "botaclip.json").read_text(encoding="utf-8"))

    def read(rng: random.Random) -> None:
        path = folder / "data" / "botaclip.json"
        if rng.random() < 0.5:
            path.write_text(json.dumps(mutated_json(good, rng)), encoding="utf-8")
        else:
            path.write_bytes(mutated_text(json.dumps(good, indent=1), rng))
        read_data_folder(folder / "data")

    return read


def model_reader(folder: Path) -> Callable[[random.Random], None]:
    """Model files whose bytes were damaged."""
    good = (folder / "m.botaclip").read_bytes()

    def read(rng: random.Random) -> None:
        path = folder / "fuzz.botaclip"
        path.write_bytes(mutated_bytes(good, rng))
        words(Model.open(path))

    return read


def metadata_reader(folder: Path) -> Callable[[random.Random], None]:
    """Model files with other metadata or plots, whose checksums fit: an evil hand's, not an unlucky one's."""
    from hostile_models import zipped

    parts = Model.open(folder / "m.botaclip").file.parts
    parts = {name: blob for name, blob in parts.items() if name != "checksums.json"}

    def read(rng: random.Random) -> None:
        name = rng.choice(("metadata.json", "metadata.json", "plots.json"))
        made = json.loads(parts[name])
        for _ in range(rng.choice((1, 1, 3))):
            made = mutated_json(made, rng)
        path = folder / "fuzz.botaclip"
        path.write_bytes(zipped({**parts, name: json.dumps(made).encode()}))
        model = Model.open(path)
        words(model)
        similar = plots_alike(model, model.plot_vectors[0], 3)
        speaking_for(model, similar, 0)
        model.tags()

    return read


KINDS: dict[str, Callable[[Path], Callable[[random.Random], None]]] = {
    "raster": raster_reader, "table": table_reader, "data": data_reader, "model": model_reader,
    "metadata": metadata_reader,
}  # fmt: skip


def main(kind: str, count: int, folder: Path) -> dict[str, Any]:
    """Feed ``count`` mutations to a reader."""
    read = KINDS[kind](folder)
    found: dict[str, Any] = {"taken": 0, "refused": 0, "strange": [], "slow": [], "longest": 0}
    for seed in range(count):
        began = time.monotonic()
        try:
            read(random.Random(f"{kind} {seed}"))
            found["taken"] += 1
        except BotaclipError as error:
            found["refused"] += 1
            found["longest"] = max(found["longest"], len(error.sentence))
            if "\n" in error.sentence or "\x1b" in error.sentence:
                found["strange"].append([seed, f"a sentence that steers a terminal: {error.sentence!r}"[:300]])
        except Exception as error:
            found["strange"].append([seed, f"{type(error).__name__}: {error}"[:300]])
        if time.monotonic() - began > SLOW_SECONDS:
            found["slow"].append(seed)
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(sys.stderr):
        result = main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    sys.stdout.write(json.dumps(result))
