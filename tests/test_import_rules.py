"""The shape of the code, as code: who may import what."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = ("torch", "transformers", "datasets", "sklearn", "accelerate", "onnxruntime")


def modules(*folders: str) -> list[Path]:
    found: list[Path] = []
    for folder in folders:
        path = ROOT / folder
        found += [path] if path.suffix == ".py" else sorted(path.rglob("*.py"))
    return found


def imports(path: Path, *, top_level: bool = False) -> set[str]:
    """Names of the modules that `path` imports; with `top_level`, only on being imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = _executed_on_import(tree) if top_level else ast.walk(tree)
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _executed_on_import(node: ast.AST) -> list[ast.AST]:
    found: list[ast.AST] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        found += [child, *_executed_on_import(child)]
    return found


def roots(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("name", ["architecture", "errors", "evaluation", "study"])
def test_values_need_the_standard_library_only(name: str) -> None:
    found = roots(imports(ROOT / "bort" / "core" / f"{name}.py"))
    assert found <= set(sys.stdlib_module_names) | {"bort"}


@pytest.mark.parametrize(
    "path", modules("bort/search", "bort/agora/loop", "bort/agora/torus"), ids=str
)
def test_search_and_agora_are_pure(path: Path) -> None:
    found = roots(imports(path))
    assert not found & {*HEAVY, "streamlit", "plotly", "sqlalchemy", "time", "logging", "random"}
    source = path.read_text(encoding="utf-8")
    assert "print(" not in source.replace(">>> print(", "")
    assert "np.random.seed" not in source


@pytest.mark.parametrize("path", modules("bort/figures"), ids=str)
def test_figures_are_pure(path: Path) -> None:
    mine = {"sklearn"} if path.name == "projection.py" else set()
    assert not roots(imports(path)) & {*HEAVY, "streamlit", "sqlalchemy"} - mine


@pytest.mark.parametrize("path", modules("bort"), ids=str)
def test_each_edge_has_one_owner(path: Path) -> None:
    folder = path.relative_to(ROOT / "bort").parts[0]
    found = roots(imports(path))
    if folder != "storage":
        assert not found & {"sqlalchemy", "sqlite3"}
    if folder != "ui":
        assert "streamlit" not in found


@pytest.mark.parametrize("path", modules("app.py", "pages"), ids=str)
def test_pages_are_thin(path: Path) -> None:
    ours = {name for name in imports(path) if name.startswith("bort.")}
    allowed = (
        "bort.ui",
        "bort.figures",
        "bort.jobs",
        "bort.storage",
        "bort.studies.answers",
        "bort.core.study",
    )
    assert all(name.startswith(allowed) or name == "bort.core.errors" for name in ours), ours
    assert not roots(imports(path)) & set(HEAVY)


@pytest.mark.parametrize(
    "statement",
    [
        "import bort",
        "import bort.cli.main",
        "import bort.cli.front",
        "import bort.studies.answers, bort.storage, bort.jobs, bort.search.answer, bort.families",
        "import bort.tasks, bort.latency.model",
        "import bort.finetuning.plan, bort.export.card, bort.studies.commands, bort.studies",
    ],
)
def test_painting_a_page_loads_nothing_heavy(statement: str) -> None:
    code = f"import sys\n{statement}\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_import_bort_loads_no_streamlit() -> None:
    code = "import sys, bort; print('streamlit' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


@pytest.mark.parametrize("path", modules("bort", "app.py", "pages"), ids=str)
def test_nothing_unpickles_or_trusts_remote_code(path: Path) -> None:
    found = roots(imports(path))
    if path.name == "nas_bench_201.py":  # hash-pinned, by an unpickler that refuses every global
        found.discard("pickle")
    assert not found & {"pickle", "joblib", "cloudpickle", "dill", "shelve"}
    source = path.read_text(encoding="utf-8")
    assert "trust_remote_code=True" not in source
    assert "torch.load(" not in source
    assert "torch.save(" not in source


def test_files_stay_small() -> None:
    long = {
        str(path): n
        for path in modules("bort", "app.py", "pages")
        if (n := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long
