"""Every command in a document, a help text or a message can be run."""

import re

import pytest
from printed import (
    ROOT,
    Line,
    Printed,
    command_lines,
    documents,
    helps,
    make_targets,
    option_names,
    options,
    problem,
    scripts,
    sources,
)

# Options of other programs, and of our worker process, which people never call.
FOREIGN = {
    *("--attempt", "--runner", "--logdir", "--dist", "--no-loadscope-reorder", "--check"),
    *(
        "--dest",
        "--disable-pip-version-check",
        "--hash",
        "--no-binary",
        "--no-build-isolation",
        "--only-binary",
    ),
    *("--no-cache-dir", "--no-deps", "--no-input", "--require", "--require-hashes"),
    *("--requirement", "--retries", "--timeout", "--use-pep517"),
    "--network",  # Docker
    *("--address", "--generate", "--head", "--include-dashboard", "--num-cpus"),  # Ray
    *("--fail-on-warning", "--keep-going", "--quiet"),  # Sphinx
    # Chromium
    *("--disable-background-networking", "--disable-gpu", "--no-first-run", "--no-sandbox"),
}

TEXTS = [*documents(), *sources(), *helps()]


def wrong_lines(texts: list[Printed]) -> list[str]:
    return [
        f"{printed.place}: {line.text}: {why}"
        for printed in texts
        for line in command_lines(printed)
        if (why := problem(line))
    ]


def wrong_options(texts: list[Printed]) -> list[str]:
    known = options() | FOREIGN
    return [
        f"{printed.place}: {name}"
        for printed in texts
        for name in option_names(printed)
        if name not in known
    ]


def wrong_targets(texts: list[Printed]) -> list[str]:
    known = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    return [
        f"{printed.place}: make {name}"
        for printed in texts
        for name in make_targets(printed)
        if name not in known
    ]


def wrong_scripts(texts: list[Printed]) -> list[str]:
    return [
        f"{printed.place}: {name}"
        for printed in texts
        for name in scripts(printed)
        if not (ROOT / name).is_file()
    ]


@pytest.mark.parametrize("wrong", [wrong_lines, wrong_options, wrong_targets, wrong_scripts])
def test_everything_that_is_printed_can_be_run(wrong) -> None:
    assert wrong(TEXTS) == []


def test_the_texts_are_found() -> None:
    lines = [line.text for printed in TEXTS for line in command_lines(printed)]
    assert len(lines) > 300
    assert any("bort search --preset quick" in line for line in lines)
    assert {"app", "test"} <= {name for printed in documents() for name in make_targets(printed)}


PLANTED = [
    (wrong_lines, "    bort data prepare --quite"),
    (wrong_lines, "bort data prepares"),
    (wrong_lines, "it was lost; run bort jobs resumes 12"),
    (wrong_lines, "it was lost; run bort jbos resume 12"),
    (wrong_lines, "  bort verify one.json two.json"),
    (wrong_lines, "  bort app --port eighty"),
    (wrong_lines, "  bort app --port 8600 --no-opening"),
    (wrong_lines, "raise it with `bort search --budgett 12`"),
    (wrong_options, "or choose one with --latency-profil"),
    (wrong_targets, "`make tests`"),
    (wrong_targets, "make ap     # everything"),
    (wrong_scripts, "python benchmarks/search_scale.py"),
    (wrong_scripts, "`python -m benchmarks.search.speed`"),
]


@pytest.mark.parametrize(("wrong", "text"), PLANTED)
def test_a_planted_mistake_is_noticed(wrong, text) -> None:
    assert wrong([Printed("here", text)])
    code = text if "`" in text else f"```sh\n{text}\n```"
    assert wrong([Printed("README.md", code, is_markdown=True)]) or "; run" in text


@pytest.mark.parametrize(
    "line",
    [
        "bort verify CERTIFICATE",
        "bort verify FILE --store URL",
        "bort jobs list|show",
        "bort search --task reviews.csv --text review --label stars --minutes 30",
        "bort data prepare [NAMES]...",
        "bort search ...",
        "bort app --port PORT",
        "bort",
    ],
)
def test_placeholders_stand_for_any_value(line: str) -> None:
    assert problem(Line(line)) is None
