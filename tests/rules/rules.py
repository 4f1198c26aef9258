"""The rules of the code, each a function that yields violations, and what they read."""

import ast
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]

# From the ground up. A package may import packages before it, but none after it.
FLOORS = (
    "core",
    "families",
    "tasks",
    "storage",
    "latency",
    "search",
    "training",
    "agora",
    "studies",
    "finetuning",
    "report",
    "export",
    "rivals",
    "jobs",
    "figures",
    "lessons",
)
TOP = ("cli", "ui", "api")  # all are above all floors; none imports another
HEAVY = frozenset(
    {"torch", "transformers", "datasets", "sklearn", "accelerate", "onnxruntime", "openvino"}
)


@dataclass(frozen=True)
class Module:
    """A Python file.

    Attributes:
        name: the name to import, `bort.search.loop`; for a package, its folder's.
        source: its text.
        is_package: whether it is an `__init__.py`.
    """

    name: str
    source: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @property
    def folder(self) -> str:
        """The module's package: its own name if it is a package."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @property
    def room(self) -> str:
        """The package on a floor, such as "search"; empty above all floors."""
        parts = self.name.split(".")
        return parts[1] if parts[0] == "bort" and len(parts) > 1 else ""

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def imports(self) -> set[str]:
        """All names that may be modules, wherever they are imported."""
        return self._imports(self.nodes)

    @cached_property
    def imports_at_once(self) -> set[str]:
        """The names that importing this module loads."""
        return self._imports(_executed_at_import(self.tree))

    def _imports(self, nodes: Iterable[ast.AST]) -> set[str]:
        found: set[str] = set()
        for node in nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = self._base(node)
                found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
        return found

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        up = self.folder.split(".")
        above = up[: len(up) - node.level + 1]
        return ".".join([*above, *([node.module] if node.module else [])])


def _executed_at_import(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child
        yield from _executed_at_import(child)


def modules(*places: str) -> list[Module]:
    """Read all modules in these files and folders of the repository."""
    found = []
    for place in places:
        path = ROOT / place
        for file in [path] if path.suffix == ".py" else sorted(path.rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            found.append(Module(name, file.read_text("utf-8"), is_package=is_package))
    return found


def roots(names: Iterable[str]) -> set[str]:
    """Return the first parts of dotted names."""
    return {name.split(".")[0] for name in names}


def third_party(module: Module) -> set[str]:
    """Return the packages that are neither ours nor Python's."""
    known = set(sys.stdlib_module_names) | {"bort", "benchmarks", ""}
    return roots(module.imports) - known


# A rule takes a module and yields violations.
Rule = Callable[[Module], Iterable[str]]


def imports_go_down(module: Module) -> Iterator[str]:
    """Imports come from a lower floor or the same package."""
    here = module.room
    if not here:
        return
    if here not in (*FLOORS, *TOP):
        yield f"bort.{here} is on no floor: give it a place in FLOORS"
        return
    below = FLOORS if here in TOP else FLOORS[: FLOORS.index(here)]
    rooms = {name.split(".")[1] for name in module.imports if name.startswith("bort.")}
    rooms &= {*FLOORS, *TOP}
    for room in sorted(rooms - {here, *below}):
        yield f"imports bort.{room}"
    if "benchmarks" in roots(module.imports):
        yield "imports benchmarks"


def pages_are_thin(module: Module) -> Iterator[str]:
    """A page only shows and asks; it reads no files."""
    allowed = ("bort.ui", "bort.storage", "bort.studies", "bort.core")
    if module.name == "app" or module.name.startswith("pages."):
        for name in sorted(module.imports):
            if name.startswith("bort.") and not name.startswith(allowed):
                yield f"imports {name}"


PURE = ("bort.search", "bort.agora.loop")
IMPURE = {"time", "datetime", "logging", "random", "os", "pathlib", "subprocess", "sys"}


def pure_rooms_stay_pure(module: Module) -> Iterator[str]:
    """Search and Agora's loop only compute, with numpy, scipy and moocore."""
    if not f"{module.name}.".startswith(tuple(f"{name}." for name in PURE)):
        return
    for name in sorted(third_party(module) - {"numpy", "scipy", "moocore"}):
        yield f"imports {name}"
    for name in sorted(roots(module.imports) & IMPURE):
        yield f"imports {name}"
    for node in module.nodes:
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in ("print", "open", "input") or called.startswith("np.random.seed"):
                yield f"line {node.lineno} calls {called}"


OWNERS = {
    "sqlalchemy": "storage",
    "alembic": "storage",
    "sqlite3": "storage",
    "streamlit": "ui",
    "click": "cli",
}


def each_edge_has_one_owner(module: Module) -> Iterator[str]:
    """Only storage opens the database, only ui draws the dashboard, only cli reads options."""
    if not module.room:
        return
    for name in sorted(roots(module.imports) & OWNERS.keys()):
        if module.room != OWNERS[name]:
            yield f"imports {name}, which belongs to bort.{OWNERS[name]}"


FIGURES_MAY_NOT = HEAVY | {"streamlit", "sqlalchemy"}


def figures_are_pure(module: Module) -> Iterator[str]:
    """A figure is made of values."""
    if module.room == "figures":
        for name in sorted(roots(module.imports) & FIGURES_MAY_NOT):
            yield f"imports {name}"


PICKLES = {"pickle", "joblib", "cloudpickle", "dill", "shelve"}
# Hash-pinned, and read by an unpickler that refuses every global.
UNPICKLES = "benchmarks.search.hpo_package"
UNSAFE_CALLS = {"torch.load", "torch.save", "np.load"}


def nothing_unpickles(module: Module) -> Iterator[str]:
    """No file can run code: no pickles, and no models with their own code."""
    for name in sorted(roots(module.imports) & PICKLES):
        if module.name != UNPICKLES:
            yield f"imports {name}"
    for node in module.nodes:
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        given = {word.arg: ast.unparse(word.value) for word in node.keywords}
        if called in UNSAFE_CALLS and not (
            called == "np.load" and given.get("allow_pickle") == "False"
        ):
            yield f"line {node.lineno} calls {called}"
        for word in ("trust_remote_code", "allow_pickle"):
            if given.get(word, "False") != "False":
                yield f"line {node.lineno} passes {word}={given[word]}"


LONGEST_FILE = 400


def files_stay_short(module: Module) -> Iterator[str]:
    """No file is too long to read."""
    lines = module.source.count("\n")
    if lines > LONGEST_FILE:
        yield f"has {lines} lines, more than {LONGEST_FILE}"


TEXT_TESTS = {"startswith", "endswith", "removeprefix", "removesuffix", "partition", "split"}
PATTERN_TESTS = {"re.match", "re.search", "re.fullmatch", "re.compile", "re.sub", "re.split"}


def no_sentence_is_compared(module: Module) -> Iterator[str]:
    """Sentences are made from codes and numbers, and never taken apart again."""
    for node in module.nodes:
        for text in _compared(node):
            yield f"line {node.lineno} compares {text}"  # type: ignore[attr-defined]


def _compared(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Compare):
        for one in (node.left, *node.comparators):
            yield from _sentences(one)
            yield from _told_errors(one)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in TEXT_TESTS:
            for one in node.args:
                yield from _sentences(one)
            if node.args:  # without arguments, split() only tidies white space
                yield from _told_errors(node.func.value)
        if node.args and ast.unparse(node.func) in PATTERN_TESTS:
            yield from _sentences(node.args[0])
            for one in node.args[1:]:
                yield from _told_errors(one)
    elif isinstance(node, ast.MatchValue):
        yield from _sentences(node.value)


def _sentences(node: ast.AST) -> Iterator[str]:
    """Find string literals of several words, even within a tuple, list, set or f-string."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        for one in node.elts:
            yield from _sentences(one)
    elif isinstance(node, ast.JoinedStr):
        if any(_is_sentence(getattr(part, "value", None)) for part in node.values):
            yield ast.unparse(node)
    elif isinstance(node, ast.Constant) and _is_sentence(node.value):
        yield repr(node.value)


def _is_sentence(value: object) -> bool:
    words = value.split(" ") if isinstance(value, str) else []
    return len(words) > 1 and any(any(map(str.isalpha, word)) for word in words)


def _told_errors(node: ast.AST) -> Iterator[str]:
    """Find `str(error)`, `error.args[0]` and messages: texts for people, taken apart."""
    if not isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        return
    found = ast.unparse(node)
    if isinstance(node, ast.Call) and found.startswith(("str(error", "str(caught", "str(problem")):
        yield found
    if found.endswith((".message", ".args[0]")) and "." in found:
        yield found


RULES: tuple[Rule, ...] = (
    imports_go_down,
    pages_are_thin,
    pure_rooms_stay_pure,
    each_edge_has_one_owner,
    figures_are_pure,
    nothing_unpickles,
    files_stay_short,
    no_sentence_is_compared,
)


def cycles(found: Iterable[Module], *, of_folders: bool) -> list[set[str]]:
    """Find sets of modules, or of folders, that import each other in a cycle.

    Imports within functions and for type checking count too. A folder and its subfolders do not
    form a cycle of folders: the inner ones are part of the outer one.
    """
    by_name = {module.name: module for module in found}
    graph: dict[str, set[str]] = {}
    for module in by_name.values():
        here = module.folder if of_folders else module.name
        edges = graph.setdefault(here, set())
        for name in _imported(module, by_name):
            there = by_name[name].folder if of_folders else name
            is_part = _is_within(there, here) or _is_within(here, there)
            if there != here and not (of_folders and is_part):
                edges.add(there)
    return [one for one in _components(graph) if len(one) > 1]


def _imported(module: Module, known: Mapping[str, Module]) -> set[str]:
    """List our modules that a module names; `from a import b` names `a.b` if that is a module."""
    names = {name for name in module.imports if name in known}
    inner = {name.rpartition(".")[0] for name in names}
    return {
        name
        for name in names
        if not (name in inner and known[name].is_package and _is_within(module.name, name))
    }


def _is_within(inner: str, outer: str) -> bool:
    return f"{inner}.".startswith(f"{outer}.")


def _components(graph: dict[str, set[str]]) -> list[set[str]]:
    """Find strongly connected components with Tarjan's algorithm."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []

    def visit(node: str) -> None:
        number[node] = lowest[node] = len(number)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in number:
                visit(other)
                lowest[node] = min(lowest[node], lowest[other])
            elif other in stack:
                lowest[node] = min(lowest[node], number[other])
        if lowest[node] == number[node]:
            start = stack.index(node)
            found.append(set(stack[start:]))
            del stack[start:]

    for node in sorted(graph):
        if node not in number:
            visit(node)
    return found


def heavy_at_import(found: Iterable[Module], starts: Iterable[str]) -> dict[str, set[str]]:
    """Find the heavy packages that importing a module loads, by the module that names them."""
    by_name = {module.name: module for module in found}
    todo, seen = list(starts), set()
    heavy: dict[str, set[str]] = {}
    while todo:
        name = todo.pop()
        if name in seen or name not in by_name:
            continue
        seen.add(name)
        wanted = by_name[name].imports_at_once
        if here := roots(wanted) & HEAVY:
            heavy[name] = here
        parents = [name.rsplit(".", depth)[0] for depth in range(1, name.count(".") + 1)]
        todo += [*wanted, *parents]
    return heavy
