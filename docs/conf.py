"""The documentation site. `make docs` builds it into build/docs; a warning is an error."""

import re
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

project = "bort"
version = release = version_of("bort")
language = "en"

extensions = [
    "myst_nb",  # Markdown and the notebook
    "sphinx.ext.autodoc",  # the reference, from docstrings
    "sphinx.ext.napoleon",
    "sphinx_click",  # the commands, from their help
]
exclude_patterns = ["pictures"]
myst_heading_anchors = 4
smartquotes = False  # it would print --option with a dash that no shell understands
nb_execution_mode = "off"  # shows what the notebook's own run wrote; see docs/notebook.py

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_inherit_docstrings = False
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # some attributes are properties with docstrings of their own

# `make links` asks every other site; these addresses are examples.
linkcheck_ignore = [r"https?://(127\.0\.0\.1|\w+\.local|[\w.]+\.example\.(com|org))\b"]
linkcheck_timeout = 20

# Everything comes with the site: it opens from disk and fetches nothing.
html_theme = "pydata_sphinx_theme"
html_title = "bort"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "navigation_with_keys": False,
}

# Pages that show a file of the top level, and where its links lead on the site.
FILES = {"contributing": "CONTRIBUTING.md", "changelog": "CHANGELOG.md"}
PAGES = {"README.md": "start.md", "CONTRIBUTING.md": "contributing.md", "docs": "index.md"}


def read_page(app: Any, page: str, source: list[str]) -> None:  # noqa: ARG001
    """Read a page; links to files of the top level lead to the pages that show them."""
    if page in FILES:
        source[0] = Path(__file__).parents[1].joinpath(FILES[page]).read_text("utf-8")
    up = "../" * page.count("/")
    source[0] = re.sub(
        r"\]\((?:\.\./)*(README\.md|CONTRIBUTING\.md|docs)\)",
        lambda link: f"]({up}{PAGES[link[1]]})",
        source[0],
    )
    if page in FILES:
        source[0] = re.sub(r"\]\(docs/", "](", source[0])


def skip_member(app: Any, what: str, name: str, *_: Any) -> bool | None:  # noqa: ARG001
    """Leave out what scikit-learn adds to every estimator; None leaves the choice to Sphinx."""
    return True if re.fullmatch(r"set_\w+_request|get_metadata_routing", name) else None


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", read_page)
    app.connect("autodoc-skip-member", skip_member)
