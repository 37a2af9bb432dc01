"""``botaclip:setup`` in QGIS's own Python: tiny packages in the quick tests, at last the real ones, without network."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rasterio
from tests.fake_packages import FakePlugin
from tests.model_fixture import write_model, write_raster
from tests.qgis_support import ROOT, SCRIPTS, Qgis, make_qgis, qgis_python
from tests.small_rasters import neon_like_raster


class FakeQgis:
    """A QGIS with an empty profile whose plugin has locks of tiny packages."""

    def __init__(self, qgis: Qgis, folder: Path) -> None:
        self.qgis = qgis
        self.fake = FakePlugin(folder)
        for part in ("botaclip_qgis", "resources"):
            shutil.copytree(ROOT / part, self.fake.root / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "metadata.txt", self.fake.root)
        qgis.plugin.unlink()
        qgis.plugin.symlink_to(self.fake.root, target_is_directory=True)
        self.variables = {"BOTACLIP_ENVIRONMENTS": str(self.fake.parent), "PIP_RETRIES": "1"}

    def set_up(self, **inputs: object) -> subprocess.CompletedProcess[str]:
        return self.qgis.run("setup", environment=self.variables, **inputs)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeQgis]:
    for qgis in make_qgis():
        yield FakeQgis(qgis, tmp_path_factory.mktemp("plugin"))


def test_qgis_makes_checks_and_removes_the_environment(prepared: FakeQgis) -> None:
    before = prepared.set_up(CHECK="true")
    assert before.returncode == 1 and "Traceback" not in before.stdout + before.stderr
    assert "there is no environment for these locks" in before.stdout + before.stderr

    ran = prepared.set_up(PACKAGES="run", WHEELS=prepared.fake.wheels)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "botaclip setup --packages run --wheels" in ran.stdout and "  numpy 1.0" in ran.stdout
    (folder,) = prepared.fake.folders
    marker = json.loads((folder / "botaclip.json").read_text(encoding="utf-8"))
    assert marker["sets"] == ["run"] and marker["python"]["base"].startswith("/usr/bin/python3")
    assert f"folder: {folder}" in ran.stdout, "the summary"

    checked = prepared.set_up(CHECK="true")
    assert checked.returncode == 0 and "sets: run (no training; botaclip setup adds it)" in checked.stdout
    # What needs training is not handed to an environment without.
    lacking = prepared.qgis.run("demodata", environment=prepared.variables, OUTPUT=prepared.fake.folder / "demo")
    assert lacking.returncode == 1
    assert "the packages for maps, points and clicks, but not those for training" in lacking.stdout + lacking.stderr

    removed = prepared.set_up(REMOVE="true")
    assert removed.returncode == 0 and "MB were freed" in removed.stdout
    assert not prepared.fake.parent.exists()


def test_qgis_hands_its_proxy_on_and_shows_no_password(prepared: FakeQgis) -> None:
    settings = prepared.qgis.folder / "profile" / "profiles" / "default" / "QGIS" / "QGIS3.ini"
    before = settings.read_text(encoding="utf-8")
    settings.write_text(
        before + "\n[proxy]\nproxyEnabled=true\nproxyType=HttpProxy\nproxyHost=127.0.0.1\nproxyPort=9\n"
        "proxyUser=ann\nproxyPassword=s3cret@1\n",
        encoding="utf-8",
    )
    try:
        ran = prepared.set_up(PACKAGES="run")
    finally:
        settings.write_text(before, encoding="utf-8")
    said = ran.stdout + ran.stderr
    assert ran.returncode == 1 and "Fetching through QGIS's proxy 127.0.0.1:9." in said
    assert "there is no network to the proxy: Connection refused" in said
    assert "s3cret" not in said and prepared.fake.folders == []


# --- the real thing ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of the set ``run`` for QGIS's Python, fetched once."""
    folder = tmp_path_factory.mktemp("wheels")
    version = subprocess.run(
        ["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True
    ).stdout.strip()
    if version != f"{sys.version_info[0]}.{sys.version_info[1]}":
        pytest.skip("the tests run in another Python than QGIS, for which they cannot fetch")
    fetched = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:",
         "-r", str(ROOT / "requirements" / "run.lock.txt"), "--dest", str(folder)],
        capture_output=True, text=True,
    )  # fmt: skip
    if fetched.returncode != 0:
        pytest.skip(f"the wheels cannot be fetched here: {fetched.stderr[-300:]}")
    return folder


@pytest.mark.slow
def test_set_up_without_a_network_in_an_empty_profile_then_embed(wheels: Path, tmp_path: Path) -> None:
    cut = ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*cut, "true"], capture_output=True).returncode != 0:
        pytest.skip("the network cannot be cut off here (unshare)")
    home = tmp_path / "home"
    home.mkdir()
    raster = write_raster(tmp_path / "r.tif")
    model = write_model(tmp_path / "m.botaclip", raster).path
    for qgis in make_qgis(copied=True):
        shutil.copytree(ROOT / "requirements", qgis.plugin / "requirements")
        variables = {
            name: value for name, value in qgis.environment.items()
            if not name.startswith(("PIP_", "XDG_", "UV_", "BOTACLIP_")) and not name.lower().endswith("_proxy")
        }  # fmt: skip
        variables |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(tmp_path)}

        def run(algorithm: str, variables: dict[str, str] = variables, **inputs: object) -> str:
            words = [f"--{name}={value}" for name, value in inputs.items()]
            ran = subprocess.run(
                [*cut, "qgis_process", "run", f"botaclip:{algorithm}", *words], env=variables, cwd=tmp_path,
                capture_output=True, text=True, timeout=300, check=False,
            )  # fmt: skip
            assert ran.returncode == 0, ran.stdout + ran.stderr
            return ran.stdout

        said = run("setup", PACKAGES="run", WHEELS=wheels)
        (folder,) = (home / ".local/share/botaclip/environments").glob("cp*")
        assert f"folder: {folder}" in said and (folder / "botaclip.json").is_file()
        output = tmp_path / "embedding.tif"
        run("embed", RASTER=raster, MODEL=model, STRIDE=40, DIMENSIONS=5, DEVICE="cpu", OUTPUT=output)
        with rasterio.open(output) as dataset:
            assert dataset.count == 5 and dataset.read(1, masked=True).count() > 100
        assert "Whole:" in run("setup", CHECK="true")

        # The bundled model on a photograph of the pixel size that it knows: a map, then a click.
        photograph = neon_like_raster(tmp_path / "photograph.tif")
        vectors = tmp_path / "bundled.tif"
        run("embed", RASTER=photograph, MODEL="bundled", STRIDE=10, DEVICE="cpu", OUTPUT=vectors)
        with rasterio.open(vectors) as dataset:
            assert dataset.read(1, masked=True).count() > 10
        clicked = tmp_path / "click.json"
        ran = subprocess.run(
            [*cut, qgis_python(), str(SCRIPTS / "bundled_click.py"), str(clicked), str(photograph), "260030", "4110030",
             "EPSG:32611"],
            env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout + ran.stderr
        check_first_click(json.loads(clicked.read_text(encoding="utf-8")))


def check_first_click(found: dict[str, Any]) -> None:
    """What the first click with the bundled model has to give, whatever environment it runs in."""
    assert found["failed"] == [] and found["answer"]["status"] == "ok"
    assert found["model"].endswith("resources/models/neon.botaclip") and found["has_card"]
    assert len(found["answer"]["species"]) == 140
    levels = [kind["suitability"] for kind in found["answer"]["species"]]
    assert levels == sorted(levels, reverse=True) and 0 <= levels[-1] < levels[0] <= 1
    assert "Not to be trusted" in found["card"]
    assert found["kept"] == "bundled", "a path of this machine would be lost elsewhere"
    widths, text = found["hostile"]
    assert widths == [1, 1, 1] and "a<b plain" in text, "an image that a card names (7 pixels wide) is never read"


def test_the_first_click_with_the_bundled_model(tmp_path: Path) -> None:
    raster = neon_like_raster(tmp_path / "photograph.tif")
    for qgis in make_qgis():
        found = qgis.script(
            "bundled_click", str(raster), "260030", "4110030", "EPSG:32611",
            environment={"BOTACLIP_PYTHON": sys.executable},
        )  # fmt: skip
        check_first_click(found)
