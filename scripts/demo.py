"""The whole job on a synthetic landscape, through the real ``qgis_process``: ``make demo``. Standard library only.

Sets up, enables the plugin in a throw-away QGIS profile, generates the landscape, trains, maps, scores the maps against
the landscape's truth, writes a styled project, and prints the headline scores. With ``--data`` it takes another folder
with a ``botaclip.json`` (options of ``botaclip train``, paths from that folder) in place of a generated landscape.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from environment import Environment
from qgis_system import SetupError, qgis_environment, qgis_process_path, qgis_python
from setup import ROOT, say, set_up

DEMO = ROOT / "demo"
LOG = ROOT / "build" / "demo.log"
# How a folder of data says how it is read; `botaclip demo-data` writes one.
OPTIONS = "botaclip.json"
FILES = ("raster", "releves", "plots")
COLUMNS = ("adapted", "botaclip", "supervised", "raw", "shuffled", "location_only", "prevalence")
METRICS = (
    ("tss_at_train_threshold", "TSS"),
    ("auc", "AUC"),
    ("auprc", "AUPRC"),
    ("brier", "Brier"),
    ("truth_correlation", "truth r"),
)


class StepFailed(Exception):
    """One sentence on the step that failed."""


class Job:
    """Runs the steps in one throw-away profile, each of them timed."""

    def __init__(self, environment: Environment, folder: Path) -> None:
        process = qgis_process_path()
        assert process is not None
        self.process = process
        plugins = folder / "plugins"
        plugins.mkdir()
        # The checkout under the name that QGIS knows it by, whatever its folder is called.
        (plugins / "botaclip").symlink_to(ROOT, target_is_directory=True)
        self.variables = {
            **qgis_environment(folder / "profile"),
            "QGIS_PLUGINPATH": str(plugins),
            "XDG_RUNTIME_DIR": str(folder),
            "BOTACLIP_PYTHON": str(environment.python),
        }
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce a step and time it."""
        say(f"\n== {title}")
        began = time.monotonic()
        yield
        self.seconds[title] = time.monotonic() - began
        say(f"   {self.seconds[title]:.0f} s")

    def run(self, title: str, *command: str | Path) -> None:
        """Run a command, its output shown and kept in the log.

        Raises
        ------
        StepFailed
            It ended with an error; the message has its last words.
        """
        with self.step(title), LOG.open("a", encoding="utf-8") as log:
            child = subprocess.Popen(
                [str(word) for word in command], env=self.variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
            assert child.stdout is not None
            words = bytearray()
            try:
                # Not by lines: QGIS prints its progress without ending the line.
                while piece := os.read(child.stdout.fileno(), 65536):
                    words += piece
                    log.write(piece.decode(errors="replace"))
                    sys.stdout.buffer.write(piece)
                    sys.stdout.flush()
                code = child.wait()
            finally:
                # Stopped in the middle: nothing may go on without us.
                if child.poll() is None:
                    child.terminate()
                    child.wait()
            if code != 0:
                lines = [line.strip() for line in words.decode(errors="replace").splitlines() if line.strip()]
                last = lines[-1] if lines else "it said nothing"
                raise StepFailed(f"{title}: {last.rstrip('.')} (all it said is in {LOG}).")

    def algorithm(self, title: str, name: str, **parameters: Any) -> None:
        """Run a Processing algorithm of the plugin through ``qgis_process``."""
        words = [f"--{key}={value}" for key, value in parameters.items()]
        self.run(title, self.process, "run", f"botaclip:{name}", *words, "--OVERWRITE=true")


def read_options(folder: Path) -> dict[str, str]:
    """Return the Processing parameters of ``botaclip:train`` from a folder's ``botaclip.json``.

    Raises
    ------
    StepFailed
        There is none, or it is not what it should be.
    """
    path = folder / OPTIONS
    try:
        options = json.loads(path.read_text(encoding="utf-8"))
        missing = [name for name in ("raster", "releves") if name not in options]
    except (OSError, ValueError, TypeError) as error:
        raise StepFailed(f"{path} cannot be read ({error}); it must hold the options of botaclip train.") from None
    if missing:
        raise StepFailed(f"{path} does not name {' and '.join(missing)}.")
    return {
        name.upper().replace("-", "_"): str(folder / value if name in FILES else value)
        for name, value in options.items()
    }


def table(metrics: dict[str, Any]) -> str:
    """Return the headline: the median over species of every column, and its paired difference to ``raw``."""
    summary = metrics["summary"]
    known = [(key, title) for key, title in METRICS if any(key in summary.get(column, {}) for column in COLUMNS)]
    rows = [["", *(title for _, title in known), "TSS against raw (95 % interval)"]]
    for column in COLUMNS:
        if column not in summary:
            continue
        cells = [_number(summary[column].get(key, {}).get("median")) for key, _ in known]
        difference = summary[column].get(METRICS[0][0], {}).get("difference_to_raw") or {}
        against = ""
        if column != "raw" and difference.get("median") is not None:
            low, high = _number(difference.get("low"), sign=True), _number(difference.get("high"), sign=True)
            against = f"{_number(difference['median'], sign=True)} ({low} to {high})"
        rows.append([column, *cells, against])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(lines)


def _number(value: float | None, *, sign: bool = False) -> str:
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:+.3f}" if sign else f"{value:.3f}"


def run(seed: int, data: Path | None, environment: Environment, folder: Path) -> None:
    """Run all steps.

    Raises
    ------
    StepFailed
        A step failed, or did not leave the file that it should have.
    """
    job = Job(environment, folder)
    began = time.monotonic()
    job.run("enable the plugin in an empty profile", job.process, "plugins", "enable", "botaclip")
    landscape = data or DEMO / "landscape"
    if data is None:
        shutil.rmtree(landscape, ignore_errors=True)
        job.algorithm("generate the landscape", "demodata", OUTPUT=landscape, SEED=seed)
    options, model = read_options(landscape), DEMO / "model.botaclip"
    job.algorithm("train", "train", **options, OUTPUT=model, REPORT=DEMO / "report.html", METRICS=DEMO / "metrics.json")
    image = options["RASTER"]
    job.algorithm("map the embedding", "embed", RASTER=image, MODEL=model, OUTPUT=DEMO / "embedding.tif")
    job.algorithm("map the species", "suitability", RASTER=image, MODEL=model, OUTPUT=DEMO / "suitability.tif")
    job.run("score the maps against the truth", environment.python, "-I", ROOT / "scripts" / "demo_truth.py", DEMO)
    job.run("write the project", qgis_python(), ROOT / "scripts" / "demo_project.py", DEMO, "--landscape", landscape)
    files = ("model.botaclip", "embedding.tif", "suitability.tif", "report.html", "metrics.json", "demo.qgz")
    missing = [name for name in files if not (DEMO / name).is_file()]
    if missing:
        raise StepFailed(f"The steps ran, but {', '.join(missing)} is missing in {DEMO}.")
    say(f"\nThe job took {(time.monotonic() - began) / 60:.1f} minutes:")
    say("\n".join(f"  {seconds:5.0f} s  {title}" for title, seconds in job.seconds.items()))
    if data is None:
        say(f"\nThe landscape (seed {seed}) is synthetic: these scores say nothing about any real place.")
    metrics = json.loads((DEMO / "metrics.json").read_text(encoding="utf-8"))
    say("\nMedian over species, spatial folds:\n\n" + table(metrics))
    maps = metrics.get("maps")
    if maps:
        say(
            "\nMaps against the truth, median over species: adapted "
            f"{_number(maps['adapted']['median_truth_correlation'])}, raw "
            f"{_number(maps['raw']['median_truth_correlation'])}."
        )
    say(metrics.get("alignment", {}).get("reason", ""))
    where = os.path.relpath(DEMO)
    say(f"\nThe report: {where}/report.html. The maps: qgis {where}/demo.qgz")


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; say in one sentence what stands in the way."""
    parser = argparse.ArgumentParser(description="The whole job on a synthetic landscape.")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes another landscape")
    parser.add_argument("--data", type=Path, help=f"a folder with a {OPTIONS} instead")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    try:
        environment = set_up()
        DEMO.mkdir(exist_ok=True)
        LOG.parent.mkdir(exist_ok=True)
        LOG.write_text("", encoding="utf-8")
        with tempfile.TemporaryDirectory(prefix="botaclip-demo-") as folder:
            run(options.seed, options.data and options.data.resolve(), environment, Path(folder))
    except (SetupError, StepFailed) as error:
        print(f"\nStopped: {error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr, flush=True)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
