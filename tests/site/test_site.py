"""The documentation site: builds without a warning, has everything with it, and its steps work."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FETCHED = re.compile(r"""(?:\bsrc=|<link[^>]*\bhref=|url\()["']?((?:https?:)?//[^"')\s]+)""")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site as `make docs` does."""
    [command] = re.findall(r"python (-m sphinx .*) build/docs", (ROOT / "Makefile").read_text())
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, *command.split(), out],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def pages(site):
    """List the pages; neither the theme's templates nor the file with the lessons."""
    return [page for page in site.rglob("*.html") if not {"_static", "_downloads"} & {*page.parts}]


def test_every_document_is_a_page(site):
    for document in (ROOT / "docs").rglob("*.md"):
        page = site / document.relative_to(ROOT / "docs").with_suffix(".html")
        assert page.is_file(), document
        # Sphinx has pages of its own, the search form for example, and would put them in its place.
        text = page.read_text("utf-8")
        for heading in re.findall(r"^# (\w+)", document.read_text("utf-8"), re.MULTILINE)[:1]:
            assert re.search(rf"<h1>{heading}\b", text), page


def test_options_can_be_copied(site):
    text = (site / "reference" / "commands.html").read_text("utf-8")
    assert "--from-table" in text
    assert "–from-table" not in text


def test_nothing_is_fetched(site):
    """A page opened from disk must not ask the network: no fonts, scripts or pictures of others."""
    for page in pages(site):
        found = FETCHED.findall(page.read_text("utf-8"))
        assert not found, f"{page}: {found}"
    for style in site.rglob("*.css"):
        assert "url(http" not in style.read_text("utf-8"), style


def test_links_between_pages_lead_somewhere(site):
    for page in pages(site):
        text = page.read_text("utf-8")
        for target in re.findall(r'href="([^"#]+?)(?:[?#][^"]*)?"', text):
            if "://" not in target and not target.startswith(("mailto:", "data:")):
                assert (page.parent / target).exists(), f"{page}: {target}"


def test_every_public_name_and_command_has_its_place(site):
    import bort
    from bort.cli.main import COMMANDS

    python = (site / "reference" / "python.html").read_text("utf-8")
    for name in bort._NAMES:
        assert f'id="bort.{name}"' in python, name
    commands = (site / "reference" / "commands.html").read_text("utf-8")
    for name in COMMANDS:
        assert f'id="bort-{name}"' in commands, name


def test_the_researchers_tutorial_works(tmp_path, monkeypatch):
    """Every command and the Python of the tutorial, in a folder with the table that it names."""
    (tmp_path / "data").symlink_to(ROOT / "data")
    text = (ROOT / "docs" / "tutorials" / "researcher.md").read_text("utf-8")
    commands = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
                for line in block.splitlines()]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BORT_HOME": str(tmp_path / "home")}
    printed = []
    for command in commands:
        _, *arguments = shlex.split(command)
        done = subprocess.run(
            [sys.executable, "-c", "from bort.cli import main; main()", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, command + done.stderr
        printed.append(done.stdout)
    assert len(printed) == 4
    assert "of 96 rows evaluated" in " ".join(printed[1].split())
    monkeypatch.chdir(tmp_path)
    [block] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(block, "researcher.md", "exec"), names)
    assert len(names["found"].front) > 1
