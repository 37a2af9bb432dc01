"""The locks are complete and hash-pinned, and the choice of torch's CPU build really chooses it."""

from __future__ import annotations

import functools
import http.server
import itertools
import json
import os
import re
import subprocess
import sys
import threading
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from botaclip.core import lock_files, torch_build
from botaclip.core.errors import EnvironmentMissing, OptionError
from botaclip.core.package_installer import NoWheel, PackageInstaller, PackageSource
from botaclip.core.progress import Progress

from .conftest import ROOT
from .fake_packages import fake_wheel

REQUIREMENTS = ROOT / "requirements"
LOCKS = sorted(REQUIREMENTS.glob("*.lock.txt"))
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
PLATFORMS = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}
_ENTRY = re.compile(
    r"^(?P<name>[a-zA-Z0-9._-]+)==(?P<version>\S+)(?: ; (?P<marker>[^\\]*))?(?P<hashes>(?: ?\\\n    --hash=\S+)*)",
    re.MULTILINE,
)


def entries(lock: Path) -> list[tuple[str, str, str, list[str]]]:
    """Return (name, version, marker, hashes) of every requirement."""
    return [
        (m["name"], m["version"], (m["marker"] or "").strip(), re.findall(r"--hash=(\S+)", m["hashes"]))
        for m in _ENTRY.finditer(lock.read_text(encoding="utf-8"))
    ]


def pinned(lock: Path, python: str, platform: str) -> dict[str, list[str]]:
    """Return name -> versions that a machine would install."""
    from packaging.markers import Marker

    machine = {
        "python_version": python, "python_full_version": f"{python}.5", "sys_platform": platform,
        "platform_system": PLATFORMS[platform], "platform_machine": "x86_64", "implementation_name": "cpython",
        "platform_python_implementation": "CPython", "os_name": "nt" if platform == "win32" else "posix",
    }  # fmt: skip
    found: dict[str, list[str]] = {}
    for name, version, marker, _ in entries(lock):
        if not marker or Marker(marker).evaluate(machine):
            found.setdefault(name, []).append(version)
    return found


def test_the_locks_are_there() -> None:
    assert {lock.name for lock in LOCKS} == {
        f"{name}.lock.txt" for name in ("run", "train", "dev", "torch-cpu", "torch-cuda")
    }


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_requirement_is_pinned_by_hash_and_no_index_is_named(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    found = entries(lock)
    requirements = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(found) == len(requirements) > 3
    for name, version, _, hashes in found:
        assert hashes, f"{name}=={version} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes)
    assert "://" not in text and "--index" not in text and "--find-links" not in text


@pytest.mark.parametrize("name", ["run", "train", "dev"])
def test_no_torch_and_no_cuda_in_the_other_sets(name: str) -> None:
    names = {entry[0] for entry in entries(REQUIREMENTS / f"{name}.lock.txt")}
    assert not [n for n in names if n.startswith(("torch", "nvidia", "cuda", "triton"))]


def test_run_is_the_small_set() -> None:
    names = {entry[0] for entry in entries(REQUIREMENTS / "run.lock.txt")}
    assert {"numpy", "onnxruntime", "rasterio", "pyproj", "pyogrio", "safetensors"} <= names
    assert not names & {"scikit-learn", "scipy", "pandas", "matplotlib"}


@pytest.mark.parametrize(("python", "platform"), list(itertools.product(PYTHONS, PLATFORMS)))
def test_one_version_of_everything_on_every_machine(python: str, platform: str) -> None:
    together: dict[str, set[str]] = {}
    for name in ("run", "train", "dev", "torch-cpu"):
        here = pinned(REQUIREMENTS / f"{name}.lock.txt", python, platform)
        assert all(len(versions) == 1 for versions in here.values()), f"{name} is ambiguous: {here}"
        for package, versions in here.items():
            together.setdefault(package, set()).update(versions)
        for line in (REQUIREMENTS / f"{'torch' if name == 'torch-cpu' else name}.in").read_text().splitlines():
            wanted = re.split(r"[=<> #]", line)[0].replace("_", "-")
            # The help pages are built where myst-parser can be had beside what training needs: from Python 3.11 on.
            there = 'python_version >= "3.11"' not in line or python != "3.10"
            assert not wanted or (wanted in here) is there, f"{wanted} is missing from {name}"
    assert {package: versions for package, versions in together.items() if len(versions) > 1} == {}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_cpu_lock_holds_the_cpu_build_and_no_cuda(platform: str) -> None:
    here = pinned(REQUIREMENTS / "torch-cpu.lock.txt", "3.11", platform)
    version = torch_build.torch_version(REQUIREMENTS)
    assert here["torch"] == [f"{version}+cpu" if platform == "linux" else version]
    assert not [name for name in here if name.startswith(("nvidia", "cuda", "triton"))]
    # The other build is what the test would find if the choice were taken out.
    cuda = pinned(REQUIREMENTS / "torch-cuda.lock.txt", "3.11", "linux")
    assert len([name for name in cuda if name.startswith(("nvidia", "cuda", "triton"))]) > 10


@pytest.mark.parametrize(("python", "platform"), list(itertools.product(PYTHONS, PLATFORMS)))
def test_what_reads_pretrained_encoders_comes_with_both_builds(python: str, platform: str) -> None:
    train = pinned(REQUIREMENTS / "train.lock.txt", python, platform)
    assert {"onnx", "onnxscript", "onnx-ir", "ml-dtypes"} <= set(train)
    builds = [pinned(REQUIREMENTS / f"torch-{build}.lock.txt", python, platform) for build in ("cpu", "cuda")]
    # torchvision is built for one torch; its digests are of wheels for every Python from 3.10 to 3.14.
    for name in ("timm", "torchvision", "huggingface-hub", "safetensors", "pyyaml", "pillow"):
        assert len(builds[0][name]) == 1 and builds[0][name] == builds[1][name], name
    assert torch_build.torch_version(REQUIREMENTS) == "2.13.0" and builds[0]["torchvision"] == ["0.28.0"]


def test_the_lock_without_torch_still_holds_torchvision() -> None:
    """The CPU wheel is installed on its own, and the names differ only in their ends."""
    text = torch_build.without_torch((REQUIREMENTS / "torch-cpu.lock.txt").read_text(encoding="utf-8"))
    names = {name for name, _ in lock_files.pins(text)}
    assert "torch" not in names and {"timm", "torchvision", "filelock"} <= names


def test_the_cpu_lock_is_made_from_the_list_of_digests() -> None:
    digests = lock_files.read_digests(REQUIREMENTS / "torch-cpu.sha256")
    listed = [entry for entry in entries(REQUIREMENTS / "torch-cpu.lock.txt") if entry[0] == "torch"]
    assert {digest for entry in listed for digest in entry[3]} == {f"sha256:{digest}" for digest in digests.values()}
    assert not [name for name in digests if "linux" in name and "+cpu" not in name]


# --- against a loopback index --------------------------------------------------------------------------------------

VERSION = "2.13.0"


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Two package indexes on this machine: one offers a CPU and two CUDA builds of torch, one only the CUDA build."""
    root = tmp_path_factory.mktemp("index")
    cuda = ("nvidia-cublas", "nvidia-cudnn-cu13", "triton")
    builds = {f"{VERSION}+cpu": (), VERSION: cuda, f"{VERSION}+cu130": cuda}
    for index, offered in {"both": list(builds), "cuda-only": [VERSION]}.items():
        wheels = [("torch", version, builds[version]) for version in offered] + [(name, "1.0", ()) for name in cuda]
        for name, version, needs in wheels:
            folder = root / index / name
            folder.mkdir(parents=True, exist_ok=True)
            fake_wheel(folder, name, version, needs)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {index: f"http://127.0.0.1:{server.server_port}/{index}" for index in ("both", "cuda-only")}
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def only_these_indexes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")


def resolve(*arguments: str) -> dict[str, str] | None:
    """Return name -> version of what pip would install with all dependencies; None when there is no solution."""
    pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    done = subprocess.run([*pip, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        assert "No matching distribution" in done.stderr, done.stderr
        return None
    return {i["metadata"]["name"]: i["metadata"]["version"] for i in json.loads(done.stdout)["install"]}


linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere PyPI's build is the CPU build")


@linux_only
def test_the_cpu_choice_resolves_to_the_cpu_build(indexes: dict[str, str]) -> None:
    choice = torch_build.TorchChoice("cpu", indexes["both"])
    assert resolve(choice.requirement(VERSION), *choice.source_arguments()) == {"torch": f"{VERSION}+cpu"}


@linux_only
def test_without_the_choice_the_cuda_build_comes(indexes: dict[str, str]) -> None:
    """The negative check: the same index, the choice taken out."""
    chosen = torch_build.TorchChoice("cuda", indexes["both"])
    found = resolve(chosen.requirement(VERSION), *chosen.source_arguments())
    assert found is not None
    assert found["torch"] == f"{VERSION}+cu130"
    assert {"nvidia-cublas", "nvidia-cudnn-cu13", "triton"} <= set(found)


@linux_only
def test_where_there_is_no_cpu_build_nothing_else_is_taken(indexes: dict[str, str]) -> None:
    choice = torch_build.TorchChoice("cpu", indexes["cuda-only"])
    assert resolve(choice.requirement(VERSION), *choice.source_arguments()) is None


@pytest.fixture
def python(tmp_path: Path) -> Path:
    venv.create(tmp_path / "venv", with_pip=True, symlinks=os.name != "nt")
    return tmp_path / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def installed(python: Path) -> dict[str, str]:
    listing = subprocess.run(
        [str(python), "-m", "pip", "list", "--format", "json"], capture_output=True, text=True, check=True
    ).stdout
    return {package["name"]: package["version"] for package in json.loads(listing)}


@linux_only
def test_installing_checks_shows_and_records_the_digest(indexes: dict[str, str], python: Path, tmp_path: Path) -> None:
    choice, name = torch_build.TorchChoice("cpu", indexes["both"]), f"torch-{VERSION}+cpu-py3-none-any.whl"
    installer = PackageInstaller([str(python), "-m", "pip"], PackageSource())
    said: list[str] = []
    progress = Progress(log=lambda _, message: said.append(message))
    wheel = torch_build.fetch_cpu_torch(installer, choice, tmp_path, version=VERSION)
    assert wheel.name == name
    with pytest.raises(EnvironmentMissing, match="nothing of it was installed"):
        torch_build.install_cpu_torch(installer, wheel, {name: "0" * 64}, progress)
    assert "torch" not in installed(python) and said == []

    unlisted = torch_build.install_cpu_torch(installer, wheel, {}, progress)
    assert unlisted["listed"] is False and unlisted["wheel"] == name and "NOT a listed digest" in "".join(said)
    assert installed(python)["torch"] == f"{VERSION}+cpu"
    assert not [package for package in installed(python) if package.startswith(("nvidia", "triton"))]

    listed = torch_build.install_cpu_torch(installer, wheel, {name: unlisted["sha256"]}, progress)
    assert listed == {**unlisted, "listed": True} and "(a listed digest)" in "".join(said)

    with pytest.raises(NoWheel, match="BOTACLIP_TORCH_SOURCE"):
        nowhere = torch_build.TorchChoice("cpu", indexes["cuda-only"])
        torch_build.fetch_cpu_torch(installer, nowhere, tmp_path, version=VERSION)


def test_a_folder_is_a_source_too(tmp_path: Path) -> None:
    fake_wheel(tmp_path, "torch", f"{VERSION}+cpu")
    choice = torch_build.TorchChoice("cpu", str(tmp_path))
    assert resolve(f"torch=={VERSION}+cpu", *choice.source_arguments()) == {"torch": f"{VERSION}+cpu"}


def test_a_lock_without_torch_keeps_the_rest() -> None:
    text = (REQUIREMENTS / "torch-cpu.lock.txt").read_text(encoding="utf-8")
    rest = torch_build.without_torch(text)
    assert not re.search(r"^torch==", rest, re.M)
    names = {match["name"] for match in _ENTRY.finditer(rest)}
    assert {"filelock", "sympy", "jinja2", "networkx"} <= names
    assert len(re.findall(r"--hash=", rest)) + len(lock_files.read_digests(REQUIREMENTS / "torch-cpu.sha256")) == len(
        re.findall(r"--hash=", text)
    )


@pytest.mark.parametrize("value", ["", "cpu", "CUDA"])
def test_the_choice_is_read_from_the_environment(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTACLIP_TORCH", value)
    assert torch_build.TorchChoice.from_environment().build == (value.lower() or "cpu")


def test_a_wrong_choice_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTACLIP_TORCH", "rocm")
    with pytest.raises(OptionError, match="'rocm'; use one of cpu, cuda"):
        torch_build.TorchChoice.from_environment()


def test_the_key_changes_with_every_lock_of_users_and_no_other(tmp_path: Path) -> None:
    for lock in LOCKS:
        (tmp_path / lock.name).write_bytes(lock.read_bytes())
    key = lock_files.key(tmp_path)
    assert re.fullmatch("[0-9a-f]{12}", key) and key == lock_files.key(REQUIREMENTS)
    for lock in LOCKS:
        (tmp_path / lock.name).write_bytes(lock.read_bytes() + b"\n")
        assert (lock_files.key(tmp_path) == key) == (lock.name == "dev.lock.txt")
        (tmp_path / lock.name).write_bytes(lock.read_bytes())
    with pytest.raises(EnvironmentMissing, match="did not come with this installation"):
        lock_files.key(tmp_path / "nowhere")
