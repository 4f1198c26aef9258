"""What somebody has who installs the wheel and never sees the checkout."""

import zipfile
from pathlib import Path

import pytest
import tiny
from chromium import chromium, opened
from dashboard import Reader, serving
from installing import ROOT, run
from playwright.sync_api import expect

PAGES = {
    "/": "Small models, chosen with a certificate",
    "/search": "Search",
    "/pareto": "Pareto front",
    "/models": "Models",
    "/agora": "Agora",
    "/machine": "This machine",
    "/learn": "Learn",
}


def test_the_wheel_has_all_that_the_checkout_has(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    packed = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "bort").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    pages = {f"bort/dashboard/pages/{path.name}" for path in (ROOT / "pages").glob("*.py")}
    files = ("app.py", "shared_app.py", ".streamlit/config.toml", "docs/teaching.md")
    others = {f"bort/dashboard/{name}" for name in files}
    assert packed | pages | others <= names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]
    assert not [name for name in names if "__pycache__" in name]


def test_the_base_searches_without_torch(base, tmp_path):
    (tmp_path / "table.csv").write_text(
        "width,size,latency,error\n1,1,1,0.4\n2,2,2,0.3\n4,4,3,0.2\n"
    )
    program = (
        "import sys, bort, pandas\n"
        "found = bort.search_table(pandas.read_csv('table.csv'))\n"
        "found.certificate.verify()\n"
        "print(bort.__file__, sorted({'torch', 'sklearn', 'streamlit'} & sys.modules.keys()))\n"
        "try:\n    bort.TextClassifierSearch\n"
        "except ImportError as error:\n    print(error)\n"
    )
    said = run(base, "-c", program, cwd=tmp_path, BORT_HOME=str(tmp_path / "home"))
    assert str(base.parents[1]) in said
    assert "[]" in said
    assert "bort[train]" in said
    bort = base.with_name("bort")
    shown = run(bort, "search", "--from-table", "table.csv", cwd=tmp_path, BORT_HOME=str(tmp_path))
    assert "3 of 3 rows evaluated" in " ".join(shown.split())


def test_every_page_opens_in_an_empty_folder(full, tmp_path):
    home, empty = tmp_path / "home", tmp_path / "empty"
    home.mkdir()
    empty.mkdir()
    bort = (str(full.with_name("bort")),)
    with serving(home, bort=bort, folder=empty) as address, opened(chromium()) as browser:
        for path, heading in PAGES.items():
            reader = Reader(browser.new_page(), address)
            reader.open(path)
            expect(reader.page.get_by_role("heading", level=1)).to_have_text(heading)
            expect(reader.page.get_by_test_id("stException")).to_have_count(0)
            expect(reader.problems()).to_have_count(0)
            assert reader.complaints == []
        background = reader.page.evaluate(
            "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
        )
        assert background == "rgb(255, 255, 255)"  # the packed theme
    assert list(empty.iterdir()) == []


def test_the_five_lines(full, tmp_path):
    tiny.write_all(tmp_path)
    said = run(
        full,
        Path(__file__).with_name("five_lines.py"),
        tmp_path,
        cwd=tmp_path,
        BORT_HOME=str(tmp_path / "home"),
        PYTHONPATH=str(ROOT / "tests" / "shared"),
    )
    file, points, score = said.splitlines()[-3:]
    assert file.startswith(str(full.parents[1]))
    assert int(points) >= 1
    assert float(score) > 0.5


@pytest.mark.network
def test_the_tasks_come_without_pip_in_the_environment(base, tmp_path):
    bort = base.with_name("bort")
    said = run(bort, "data", "prepare", "tweets", cwd=tmp_path, BORT_HOME=str(tmp_path))
    assert "yes" in said
