"""The whole job through the real ``qgis_process``: ``make demo`` and ``make demo DATA=folder``. Standard library only.

Sets up, enables the plugin in a throw-away QGIS profile, generates a synthetic landscape, trains, maps, scores the maps
against the landscape's truth, writes a styled project, and prints the headline scores. With ``--data`` it takes a
folder of real data with a ``botaclip.json`` (options of ``botaclip train``, paths from that folder) in place of the
synthetic landscape; scores that need the truth are then left out by name.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import checkout  # noqa: F401 - the package is importable from here on
from botaclip.core.commands import TRAIN
from botaclip.core.data_folder import read_data_folder
from botaclip.core.errors import BotaclipError
from demo_tables import findings, left_out, number, scores
from environment import Environment
from qgis_system import SetupError, qgis_environment, qgis_process_path, qgis_python
from setup import ROOT, say, set_up

DEMO = ROOT / "demo"
LOG = ROOT / "build" / "demo.log"
MODEL, REPORT, SCORES, PROJECT = "model.botaclip", "report.html", "metrics.json", "demo.qgz"
PREDICTIONS = "predictions.gpkg"
# Imagery in several places makes a folder of that name in place of the .tif.
MAPS = ("embedding", "suitability")
NO_TRUTH = "the true suitability is known in the synthetic landscape only; real places have none"


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
    try:
        options = read_data_folder(folder)
    except BotaclipError as error:
        raise StepFailed(error.sentence) from None
    return {TRAIN.option(name).parameter: value for name, value in options.items()}


def clear(folder: Path) -> None:
    """Remove what an earlier demo has written, so that nothing of it is taken for this one's."""
    maps = [f"{name}{end}" for name in MAPS for end in ("", ".tif", ".tif.aux.xml", ".qml", ".qmd")]
    image = [path.name for path in folder.glob("image*.vrt*")]
    for name in ("landscape", *maps, MODEL, REPORT, SCORES, PREDICTIONS, f"{PREDICTIONS}-wal", f"{PREDICTIONS}-shm",
                 PROJECT, *image):  # fmt: skip
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def written(folder: Path) -> list[str]:
    """Return what there is of the demo's results.

    Raises
    ------
    StepFailed
        One of them is missing.
    """
    maps = [next((one for one in (f"{name}.tif", name) if (folder / one).exists()), f"{name}.tif") for name in MAPS]
    names = [MODEL, *maps, REPORT, SCORES, PREDICTIONS, PROJECT]
    missing = [name for name in names if not (folder / name).exists()]
    if missing:
        raise StepFailed(f"The steps ran, but {', '.join(missing)} is missing in {folder}.")
    return names


def run(seed: int, data: Path | None, environment: Environment, folder: Path) -> None:
    """Run all steps.

    Raises
    ------
    StepFailed
        A step failed, or did not leave the file that it should have.
    """
    job = Job(environment, folder)
    began = time.monotonic()
    # Before anything is computed: a wrong key in it is told at once.
    options = read_options(data) if data else {}
    job.run("enable the plugin in an empty profile", job.process, "plugins", "enable", "botaclip")
    clear(DEMO)
    landscape = data or DEMO / "landscape"
    if data is None:
        job.algorithm("generate the landscape", "demodata", OUTPUT=landscape, SEED=seed)
        options = read_options(landscape)
    model, image = DEMO / MODEL, options["RASTER"]
    job.algorithm(
        "train", "train", **options, OUTPUT=model, REPORT=DEMO / REPORT, METRICS=DEMO / SCORES,
        PREDICTIONS=DEMO / PREDICTIONS,
    )  # fmt: skip
    applied = {"RASTER": image, "MODEL": model} | {key: options[key] for key in ("BANDS",) if key in options}
    job.algorithm("map the embedding", "embed", **applied, OUTPUT=DEMO / "embedding.tif")
    job.algorithm("map the species", "suitability", **applied, OUTPUT=DEMO / "suitability.tif")
    truth = "score the maps against the truth"
    if data is None:
        job.run(truth, environment.python, "-I", ROOT / "scripts" / "demo_truth.py", DEMO)
    else:
        say(f"\n== {truth}\n   left out: {NO_TRUTH}")
    job.run("write the project", qgis_python(), ROOT / "scripts" / "demo_project.py", DEMO, "--landscape", landscape)
    written(DEMO)
    say(f"\nThe job took {(time.monotonic() - began) / 60:.1f} minutes:")
    say("\n".join(f"  {seconds:5.0f} s  {title}" for title, seconds in job.seconds.items()))
    if data is None:
        say(f"\nThe landscape (seed {seed}) is synthetic: these scores say nothing about any real place.")
    else:
        say(f"\nReal data: {data}")
    metrics = json.loads((DEMO / SCORES).read_text(encoding="utf-8"))
    print_scores(metrics)
    where = os.path.relpath(DEMO)
    say(f"\nThe report: {where}/{REPORT}. The maps: qgis {where}/{PROJECT}")


def print_scores(metrics: Mapping[str, Any]) -> None:
    """Print the tables, why the model is as it is, and what is left out."""
    say("\n" + scores(metrics))
    maps = metrics.get("maps")
    if maps:
        say(
            "\nMaps against the truth, median over species: adapted "
            f"{number(maps['adapted']['median_truth_correlation'])}, raw "
            f"{number(maps['raw']['median_truth_correlation'])}."
        )
    reason = metrics.get("alignment", {}).get("reason", "")
    say("\n" + "\n".join(said for said in (findings(metrics), reason) if said))
    omitted = left_out(metrics)
    if omitted:
        say("\n" + omitted)


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; say in one sentence what stands in the way."""
    parser = argparse.ArgumentParser(description="The whole job, on a synthetic landscape or on a folder of real data.")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes another landscape")
    parser.add_argument("--data", type=Path, help="a folder of real data with a botaclip.json instead")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    try:
        environment = set_up()
        DEMO.mkdir(exist_ok=True)
        LOG.parent.mkdir(exist_ok=True)
        LOG.write_text("", encoding="utf-8")
        with tempfile.TemporaryDirectory(prefix="botaclip-demo-") as folder:
            run(options.seed, options.data and Path(os.path.abspath(options.data)), environment, Path(folder))
    except (SetupError, StepFailed) as error:
        print(f"\nStopped: {error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr, flush=True)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
