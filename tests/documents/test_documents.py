"""The documents: links work, and the pictures can be drawn again."""

import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

import bort
from docs.pictures.__main__ import PICTURES

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("data/**/*.md")]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(document: Path) -> None:
    targets = LINK.findall(document.read_text(encoding="utf-8"))
    local = [target.split("#")[0] for target in targets if "://" not in target]
    missing = [name for name in local if name and not (document.parent / name).exists()]
    assert not missing


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_can_be_drawn_and_is_shown(name: str) -> None:
    assert ElementTree.fromstring(PICTURES[name]()).tag.endswith("svg")
    shown = f"images/{name}.svg"
    assert any(shown in document.read_text(encoding="utf-8") for document in DOCUMENTS)


def test_decisions_are_where_the_table_says() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]+ \| `([\w/.]+)` \| `(\w+)` \|$", guide, flags=re.MULTILINE)
    assert len(rows) > 20
    assert [(file, name) for file, name in rows if not is_made(name, ROOT / file)] == []


def is_made(name: str, file: Path) -> bool:
    made = rf"^\s*(?:def|class) {name}\b|^\s*{name}\b[^=\n]*="
    found = file.is_file() and re.search(made, file.read_text("utf-8"), flags=re.MULTILINE)
    return bool(found)


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert project["version"] == citation["version"] == bort.__version__
    assert project["license"] == citation["license"]


@pytest.mark.parametrize("name", ["claim", "wish", "wrong"])
def test_a_form_for_issues_asks_something(name: str) -> None:
    form = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml").read_text("utf-8"))
    assert form["name"]
    assert form["description"]
    assert all(part["id"] and part["attributes"]["label"] for part in form["body"])


def test_hooks_call_what_the_set_up_installs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    [repository] = hooks["repos"]
    assert repository["repo"] == "local"
    commands = [hook["entry"].split()[0] for hook in repository["hooks"]]
    assert all((ROOT / command).is_file() for command in commands)
