"""The documents: links work, and the pictures can be drawn again."""

import re
import tomllib
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
import yaml

import bort
from bort.core.sharing import read_sharing
from bort.families import load_space
from docs import conf
from docs.pictures.__main__ import PICTURES

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("data/**/*.md")]
TOML = re.compile(r"^ *```toml\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(document: Path) -> None:
    targets = LINK.findall(document.read_text(encoding="utf-8"))
    local = [target.split("#")[0] for target in targets if "://" not in target]
    missing = [name for name in local if name and not (document.parent / name).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_headings(document: Path) -> None:
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        name, _, heading = target.partition("#")
        file = document.parent / name if name else document
        if heading and "://" not in target and file.suffix == ".md":
            assert heading in headings(file), target


def headings(document: Path) -> set[str]:
    """List the anchors of a document's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+?)\s*$", document.read_text("utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}


def test_links_to_other_sites_are_well_formed_and_checked() -> None:
    """`make links` asks each, where there is an internet: it sees all that the site shows."""
    on_the_site = {ROOT / name for name in conf.FILES.values()} | {*(ROOT / "docs").rglob("*.md")}
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(<?(\w+://[^)>\s]*)", document.read_text("utf-8")):
            parts = urlsplit(target)
            assert parts.scheme == "https", target
            assert "." in (parts.hostname or ""), target
            assert not target.endswith((".", ",", ";", ":")), target
            assert document in on_the_site, f"{target} is where `make links` does not look"


@pytest.mark.parametrize(
    ("document", "number"), [("docs/families.md", number) for number in range(6)]
)
def test_spaces_in_documents_are_spaces(document: str, number: int, tmp_path: Path) -> None:
    block = TOML.findall((ROOT / document).read_text("utf-8"))[number]
    (tmp_path / "space.toml").write_text(block, "utf-8")
    assert len(load_space(str(tmp_path / "space.toml"))) > 0


def test_the_settings_of_sharing_are_read(tmp_path: Path) -> None:
    [block] = TOML.findall((ROOT / "docs" / "sharing.md").read_text("utf-8"))
    file = tmp_path / "share.toml"
    file.write_text(block.replace("at least 32 random characters", "r" * 32), "utf-8")
    file.chmod(0o600)
    read = read_sharing({"BORT_SHARE_FILE": str(file)})
    assert read.hosts == ("bort.example.com",)
    assert read.login.owners == ("ann@example.com",)


def test_there_are_no_other_settings_in_documents() -> None:
    found = {one.relative_to(ROOT).as_posix(): len(TOML.findall(one.read_text("utf-8")))
             for one in DOCUMENTS}  # fmt: skip
    found = {name: count for name, count in found.items() if count}
    # The one of CONTRIBUTING.md needs the family that its recipe makes.
    assert found == {"CONTRIBUTING.md": 1, "docs/families.md": 6, "docs/sharing.md": 1}


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
