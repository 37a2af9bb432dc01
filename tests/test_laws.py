"""The laws of the house (README.md): functions that list violations; none in the checkout, some where planted."""

from __future__ import annotations

import ast
import functools
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from botaclip.core import cli
from botaclip.core.commands import COMMANDS
from botaclip.core.jobs import JOBS

from .conftest import ROOT

Check = Callable[[Path], list[str]]

SHIPPED = ("core", "training", "botaclip_qgis")
SKIPPED = {".git", ".venv", "build", "dist", "demo", ".cache"}
DEPENDENCY_FREE = {
    f"botaclip.core.{name}"
    for name in (
        "errors", "options", "commands", "shared_options", "training_options", "progress", "unfinished",
        "interpreter", "worker_client", "cli", "worker_boot", "data_folder", "managed_environment",
        "setup_environment", "torch_build", "jobs", "lock_files", "bundled", "model_card", "model_summary",
        "field_names", "band_names",
        "base_python", "package_installer", "python_environment", "environment_removal", "set_up_lock", "own_process",
        "encoder_actions", "cache_actions", "cache_folder", "encoders.record", "encoders.record_json",
        "encoders.registry", "encoders.licences", "encoders.store", "encoders.downloads", "encoders.spec", "sample",
        "diagnostics", "last_error", "passwords", "private_text",
    )
} | {"botaclip", "botaclip.core", "botaclip.core.encoders"}
# Started by the boot files; not for QGIS, yet free of dependencies, so that they can word a missing package.
WORKER = {f"botaclip.core.{name}" for name in ("cli_boot", "worker")}
# affine is rasterio's own type of a transform and comes with it.
RUN_SET = {"numpy", "rasterio", "affine", "pyproj", "pyogrio", "onnxruntime", "safetensors", "threadpoolctl", "psutil"}
TRAIN_SET = RUN_SET | {"scipy", "sklearn", "skl2onnx", "pandas", "onnx", "matplotlib"}
TORCH = {
    "core/losses.py", "core/adapters.py", "training/alignment.py", "training/parallel.py", "training/torch_device.py",
    "training/adapter_fit.py", "training/contrastive_fit.py", "training/supervised_fit.py", "training/joint_fit.py",
    "training/optimiser.py", "training/vegeta_networks.py", "training/pretrain.py", "training/pretrain_export.py",
    "training/pretrain_network.py", "training/pretrain_objectives.py", "training/pretrain_views.py",
    "core/encoders/frozen.py", "core/encoders/checkpoint.py", "core/encoders/dofa.py", "core/encoders/dofa_v2.py",
    "core/encoders/vit.py", "core/encoders/timm_library.py", "core/encoders/dinov3.py", "core/encoders/flair.py",
    "core/encoders/mit.py", "core/encoders/flair_hub.py", "core/encoders/timm_backbone.py",
    "core/encoders/export.py", "core/encoders/torch_encoder.py", "core/encoders/gpu.py",
}
# Imported inside a function, when an encoder is made for training; the run set does not bring it.
LAZY = {
    f"core/encoders/{name}.py": {"onnx"}
    for name in ("graph_writer", "export", "plain_graph", "precision", "foreign_wrapping")
} | {
    "training/search.py": {"optuna"}, "training/variogram.py": {"gstools"},
    "core/species_layers.py": {"scipy"}, "core/releves.py": {"scipy"},
}
FOREIGN = {"qgis", "osgeo", "processing", "PyQt5", "PyQt6", "PySide2", "PySide6", "sip"}


def sources(root: Path, *folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield path (relative, with slashes) and tree of every Python file; the root's own ``__init__.py`` as well."""
    for path in [root / "__init__.py", *(path for folder in folders for path in sorted((root / folder).rglob("*.py")))]:
        if path.is_file() and not SKIPPED & set(path.relative_to(root).parts):
            yield path.relative_to(root).as_posix(), parsed(path.read_text(encoding="utf-8"))


parsed = functools.lru_cache(maxsize=None)(ast.parse)


def module_name(path: str) -> str:
    parts = ["botaclip", *path.removesuffix(".py").split("/")]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(root: Path, path: str, tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Yield every imported module, in functions too, and whether it is imported with the file itself.

    What stands under ``if TYPE_CHECKING`` never runs. ``from package import name`` counts as ``package.name`` where
    that is a file.
    """
    typing_only = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.unparse(branch.test)
        for statement in branch.body
        for node in ast.walk(statement)
    }
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for node in ast.walk(function)
    }
    package = module_name(path).split(".") if path.endswith("__init__.py") else module_name(path).split(".")[:-1]
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])
            base = base if node.level else str(node.module)
            full = [f"{base}.{alias.name}" for alias in node.names]
            names = [name if is_module(root, name) else base for name in full]
        else:
            continue
        for name in names:
            yield name, id(node) not in inside


def file_of(root: Path, module: str) -> Path | None:
    """Return the file of one of our modules."""
    if module.split(".")[0] != "botaclip":
        return None
    stem = root.joinpath(*module.split(".")[1:])
    return next((path for path in (stem / "__init__.py", stem.with_suffix(".py")) if path.is_file()), None)


def is_module(root: Path, module: str) -> bool:
    return file_of(root, module) is not None


def top(module: str) -> str:
    return module.split(".")[0]


# --- The law of layers -----------------------------------------------------------------------------------------------


def qgis_side_imports(root: Path) -> list[str]:
    """QGIS's side imports the standard library, qgis and our dependency-free modules; those only each other."""
    bad = []
    for path, tree in sources(root, *SHIPPED):
        module = module_name(path)
        ours = DEPENDENCY_FREE | (WORKER if module in WORKER | DEPENDENCY_FREE else set())
        in_qgis = module.startswith("botaclip.botaclip_qgis")
        if not (in_qgis or module in DEPENDENCY_FREE | WORKER):
            continue
        for name, _ in imports(root, path, tree):
            allowed = (
                top(name) in sys.stdlib_module_names
                or name in ours
                or (in_qgis and (top(name) == "qgis" or name.startswith("botaclip.botaclip_qgis")))
                # The plugin's entry, called by QGIS alone.
                or (module == "botaclip" and name == "botaclip.botaclip_qgis.plugin")
            )
            if not allowed:
                bad.append(f"{path} imports {name}")
        if in_qgis and re.search(r"\b(import_module|__import__)\b", ast.unparse(tree)):
            bad.append(f"{path} imports by a name that cannot be checked")
    return bad


def qgis_stays_outside(root: Path) -> list[str]:
    """Nothing but QGIS's side knows of QGIS, and that takes Qt from qgis.PyQt."""
    return [
        f"{path} imports {name}"
        for path, tree in sources(root, "core", "training")
        for name, _ in imports(root, path, tree)
        if top(name) in FOREIGN or (name.startswith("botaclip.botaclip_qgis") and path != "__init__.py")
    ] + [
        f"{path} imports {name}"
        for path, tree in sources(root, "botaclip_qgis")
        for name, _ in imports(root, path, tree)
        if top(name) in FOREIGN - {"qgis", "osgeo", "processing"}
    ]


def environment_sets(root: Path) -> list[str]:
    """A module imports what its set of the environment brings, and of ours nothing that needs a larger one."""
    bad = []
    for path, tree in sources(root, "core", "training"):
        training = path.startswith(("training/", "core/demo_landscape/"))
        allowed = (TRAIN_SET if training else RUN_SET) | {"botaclip"} | ({"torch", "numpy"} if path in TORCH else set())
        for name, at_import in imports(root, path, tree):
            lazy = set() if at_import else LAZY.get(path, set())
            if top(name) not in sys.stdlib_module_names | allowed | lazy:
                bad.append(f"{path} imports {name}")
            if not path.startswith("training/") and name.startswith("botaclip.training"):
                bad.append(f"{path} imports {name}")
    return bad


# --- The law of the one option table ---------------------------------------------------------------------------------


def options_named_elsewhere(root: Path) -> list[str]:
    """No face names an option of its own: the table's loop makes all of them."""
    bad = []
    for path, tree in sources(root, *SHIPPED):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).split(".")[-1]
            first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
            if name == "add_argument" and first is not None and (path, first) != ("core/cli.py", "--version"):
                bad.append(f"{path} names the argument {first}")
            if name.startswith("QgsProcessingParameter") and first is not None:
                bad.append(f"{path} names the parameter {first}")
    return bad


def jobs_without_function(root: Path) -> list[str]:
    """Every command has a job, and every job a function ``(parameters, progress)``."""
    bad = [f"{name} has no job" for name in COMMANDS if name not in JOBS]
    for name, target in JOBS.items():
        module, _, function = target.partition(":")
        path = file_of(root, module)
        tree = ast.parse(path.read_text(encoding="utf-8")) if path else ast.Module([], [])
        found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function]
        if not found or [argument.arg for argument in found[0].args.args] != ["parameters", "progress"]:
            bad.append(f"{name}: {target} is no function (parameters, progress)")
    return bad


# --- The law of no code in data --------------------------------------------------------------------------------------


def dangerous_calls(root: Path) -> list[str]:
    """Nothing that reads data can run it, and no shell is started."""
    modules = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "pty"}
    bad = []
    for path, tree in sources(root, *SHIPPED):
        bad += [f"{path} imports {name}" for name, _ in imports(root, path, tree) if top(name) in modules]
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            wrong = (
                called in ("eval", "exec", "compile", "__import__", "os.system", "os.popen")
                or (called == "torch.load" and given.get("weights_only") != "True")
                or (called.endswith("yaml.load") or called.endswith("unsafe_load"))
                or called.split(".")[-1] in ("extractall", "unpack_archive")
                or given.get("shell", "False") != "False"
                or given.get("allow_pickle", "False") != "False"
            )
            if wrong:
                bad.append(f"{path}:{node.lineno} calls {called}")
    return bad


# --- The law of size and names ---------------------------------------------------------------------------------------


def files_too_long(root: Path) -> list[str]:
    """No file is longer than 600 lines."""
    found = sources(root, *SHIPPED, "scripts", "benchmarks", "tests")
    lines = {path: (root / path).read_text(encoding="utf-8").count("\n") for path, _ in found}
    return [f"{path} has {count} lines" for path, count in lines.items() if count > 600]


def names_that_say_nothing(root: Path) -> list[str]:
    """Files and classes bear the field's own nouns."""
    nothing = re.compile(r"(Manager|Helper|Helpers|Util|Utils|Utilities)$", re.IGNORECASE)
    bad = []
    for path, tree in sources(root, *SHIPPED, "scripts", "benchmarks"):
        names = [Path(path).stem, *(node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
        bad += [f"{path}: {name}" for name in names if nothing.search(name)]
    return bad


# --- The law of the package ------------------------------------------------------------------------------------------


def packages_not_listed(root: Path) -> list[str]:
    """pyproject.toml lists the folders that are packages, and no others."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    table = re.search(r"^\[tool\.setuptools\]$(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
    array = re.search(r"^packages\s*=\s*\[(.*?)\]", table.group(1), re.MULTILINE | re.DOTALL) if table else None
    listed = set(re.findall(r'"([^"]+)"', array.group(1))) if array else set()
    folders = {path.parent for folder in SHIPPED for path in (root / folder).rglob("*.py")} | {root}
    found = {".".join(["botaclip", *folder.relative_to(root).parts]) for folder in folders}
    bad = [f"{name} is listed or a folder, not both" for name in listed ^ found]
    bad += [f"{folder} has no __init__.py" for folder in folders if not (folder / "__init__.py").is_file()]
    if not table or not re.search(r'package-dir\s*=\s*\{\s*"?botaclip"?\s*=\s*"\."', table.group(1)):
        bad.append("package-dir does not say that the root is the package")
    return sorted(bad)


def registries_named(root: Path) -> list[str]:
    """No registry is named: where packages come from is the machine's setting."""
    hosts = [".".join(host) for host in (("deb", "debian", "org"), ("pypi", "org"), ("files", "pythonhosted", "org"),
                                         ("registry", "npmjs", "org"))]  # fmt: skip
    command = ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    bad = []
    for name in filter(None, listed):
        if (root / name).is_file():
            content = (root / name).read_bytes()
            bad += [f"{name} names {host}" for host in hosts if host.encode() in content]
    return bad


# --- Every law holds, and every check can fail -----------------------------------------------------------------------

LAWS: dict[Check, list[dict[str, str]]] = {
    qgis_side_imports: [
        {"botaclip_qgis/a.py": "def f():\n    import numpy\n"},
        {"botaclip_qgis/a.py": "from botaclip.core import embed\n", "core/embed.py": ""},
        {"botaclip_qgis/a.py": "from ..core.embed import embed\n", "core/embed.py": ""},
        {"botaclip_qgis/a.py": "import importlib\nimportlib.import_module('numpy')\n"},
        {"core/errors.py": "try:\n    import numpy\nexcept ImportError:\n    pass\n"},
        {"core/options.py": "from botaclip.core.worker import Worker\nfrom botaclip.training import a\n",
         "core/worker.py": "", "training/a.py": ""},
        {"__init__.py": "from botaclip.core.model import Model\n", "core/model.py": ""},
    ],
    qgis_stays_outside: [
        {"core/a.py": "def f():\n    from qgis.core import QgsProject\n"},
        {"training/a.py": "import PyQt5.QtCore\n"},
        {"botaclip_qgis/a.py": "from PyQt6 import QtCore\n"},
        {"core/a.py": "from botaclip.botaclip_qgis.plugin import x\n", "botaclip_qgis/plugin.py": ""},
    ],
    environment_sets: [
        {"core/a.py": "import torch\n"},
        {"core/a.py": "from sklearn import svm\n"},
        {"core/encoders/random_conv.py": "import onnx\n"},
        {"training/a.py": "def f():\n    import torch\n"},
        {"training/a.py": "import requests\n"},
        {"core/a.py": "from botaclip.training.splits import SpatialBlocks\n"},
    ],
    options_named_elsewhere: [
        {"core/cli.py": "parser.add_argument('--raster')\n"},
        {"botaclip_qgis/a.py": "self.addParameter(QgsProcessingParameterNumber('STRIDE', 'Stride'))\n"},
    ],
    jobs_without_function: [
        {"core/embed.py": "def embed(raster):\n    pass\n"}, {"core/embed.py": "from a import embed\n"},
        {"training/train.py": ""},
    ],
    dangerous_calls: [
        {"core/a.py": code}
        for code in ("import pickle", "def f():\n    from joblib import load", "eval('1')", "torch.load(path)",
                     "torch.load(path, weights_only=False)", "subprocess.run('ls', shell=True)", "yaml.load(text)",
                     "zipfile.ZipFile(path).extractall(folder)", "np.load(path, allow_pickle=True)", "os.system('ls')")
    ],
    files_too_long: [{"core/a.py": "x = 1\n" * 601}],
    names_that_say_nothing: [
        {"core/raster_utils.py": ""}, {"training/a.py": "class ModelManager:\n    pass\n"}, {"scripts/helpers.py": ""},
    ],
    packages_not_listed: [
        {"pyproject.toml": "[tool.setuptools]\npackage-dir = { 'botaclip' = '.' }\npackages = [\"botaclip\"]\n"},
        {"core/new/__init__.py": ""},
        {"core/new/a.py": ""},
    ],
    registries_named: [{"docs/a.md": "from " + ".".join(("pypi", "org")) + "\n"}],
}  # fmt: skip


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_law_holds(law: Check) -> None:
    assert law(ROOT) == []


@pytest.mark.parametrize(
    ("law", "planted"), [(law, planted) for law, plants in LAWS.items() for planted in plants],
    ids=lambda value: value.__name__ if callable(value) else None,
)  # fmt: skip
def test_law_can_be_broken(law: Check, planted: dict[str, str], tmp_path: Path) -> None:
    sound = {
        "__init__.py": "", "core/__init__.py": "", "training/__init__.py": "", "botaclip_qgis/__init__.py": "",
        "pyproject.toml": '[tool.setuptools]\npackage-dir = { "botaclip" = "." }\n'
        'packages = ["botaclip", "botaclip.core", "botaclip.training", "botaclip.botaclip_qgis"]\n',
    }  # fmt: skip
    if law is jobs_without_function:
        for target in JOBS.values():
            path = target.partition(":")[0].removeprefix("botaclip.").replace(".", "/") + ".py"
            sound[path] = sound.get(path, "") + f"def {target.partition(':')[2]}(parameters, progress):\n    pass\n"
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for files in (sound, planted):
        if files is planted:
            assert law(tmp_path) == []
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
    assert law(tmp_path) != []


def test_what_is_allowed_is_not_refused(tmp_path: Path) -> None:
    (tmp_path / "botaclip_qgis").mkdir()
    (tmp_path / "botaclip_qgis" / "a.py").write_text(
        "from typing import TYPE_CHECKING\nfrom qgis.PyQt.QtCore import QObject\nfrom botaclip.core.errors import X\n"
        "from .b import c\nif TYPE_CHECKING:\n    import numpy\n"
    )
    (tmp_path / "botaclip_qgis" / "b.py").write_text("c = 1\n")
    assert qgis_side_imports(tmp_path) == qgis_stays_outside(tmp_path) == []


# --- Laws that are seen only when the thing runs ---------------------------------------------------------------------

BLOCKED = """
import importlib.util, json, sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
root, blocked, modules = json.loads(sys.argv[1])
BLOCKED = set(blocked)
sys.meta_path.insert(0, Block())
spec = importlib.util.spec_from_file_location("boot", root + "/core/worker_boot.py")
spec.loader.exec_module(importlib.util.module_from_spec(spec))
failed = []
for name in modules:
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed.append(f"{name}: {error}")
print(json.dumps(failed))
"""


def failing_imports(modules: list[str], blocked: set[str]) -> list[str]:
    """Import ``modules`` in a process of its own in which ``blocked`` packages do not exist."""
    argument = json.dumps([str(ROOT), sorted(blocked), modules])
    done = subprocess.run([sys.executable, "-I", "-c", BLOCKED, argument], capture_output=True, text=True, check=True)
    failed: list[str] = json.loads(done.stdout.splitlines()[-1])
    return failed


def modules_of(*folders: str) -> dict[str, str]:
    return {path: module_name(path) for path, _ in sources(ROOT, *folders) if not path.endswith("cli_boot.py")}


def test_core_is_imported_without_torch_and_without_the_train_set() -> None:
    modules = [
        name for path, name in modules_of("core").items() if path not in TORCH and "demo_landscape" not in path
    ]
    assert failing_imports(modules, {"torch", *(TRAIN_SET - RUN_SET)}) == []


def test_dependency_free_modules_are_imported_with_the_standard_library_alone() -> None:
    assert failing_imports(sorted(DEPENDENCY_FREE | WORKER - {"botaclip.core.cli_boot"}), TRAIN_SET | {"torch"}) == []


def test_what_qgis_imports_is_written_for_its_oldest_python() -> None:
    for name in sorted(DEPENDENCY_FREE):
        path = file_of(ROOT, name)
        assert path is not None
        text = path.read_text(encoding="utf-8")
        ast.parse(text, feature_version=(3, 9))
        # Without it, X | None in a signature is an error at import there.
        assert "from __future__ import annotations" in text or "def " not in text


def test_the_block_blocks() -> None:
    assert failing_imports(["botaclip.core.losses"], {"torch"}) == ["botaclip.core.losses: No module named 'torch'"]


def test_command_line_and_table_are_one() -> None:
    parser = cli.build_parser()._subparsers._group_actions[0]  # type: ignore[union-attr]
    assert list(parser.choices) == list(COMMANDS)  # type: ignore[call-overload]
    for name, command in COMMANDS.items():
        actions = parser.choices[name]._actions[1:]  # type: ignore[index,call-overload]
        assert [action.dest for action in actions] == [option.key for option in command.options]
