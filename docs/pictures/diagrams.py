"""Pictures of structure. Their words are written here, not measured."""

import ast
import sys
from collections.abc import Sequence

from docs.pictures.measured import ROOT
from docs.pictures.svg import Canvas, Point
from tests.rules.rules import FLOORS, TOP

WORDS = {
    "core": "values every package uses: architectures, descriptions, errors, files, machine",
    "families": "what can be built and what it costs",
    "tasks": "data sets, splits, near-duplicates",
    "storage": "the database and the files of a run",
    "latency": "timing, noise, the latency model, runtimes",
    "search": "the certified search, pure arithmetic; certificate and verifier",
    "training": "the one training path: inheritance, teacher, loop, error oracle",
    "agora": "Agora's loop, pure; the torus and texts",
    "studies": "what terminal, pages and jobs share: answers, plans, estimates",
    "finetuning": "from a picked point to a trained model",
    "report": "words: sentences made from codes and numbers",
    "export": "files that people deploy",
    "rivals": "other people's small classifiers",
    "jobs": "the life of a job; what each kind of job does",
    "figures": "values in, charts out",
    "lessons": "lessons on the live algorithms: numbers and words in, HTML out",
    "api": "from bort import ...",
    "cli": "one file per command",
    "ui": "one folder per page",
}


def floors() -> str:
    """The packages, from the ground up."""
    height, width, left = 38.0, 640.0, 56.0
    names = (*reversed(FLOORS),)
    canvas = Canvas(720, 40 + height * (len(names) + 1) + 24, "The floors of the package")
    each = (width - 12 * (len(TOP) - 1)) / len(TOP)
    for place, name in enumerate(TOP):
        corner = (left + place * (each + 12), 16.0)
        _floor(canvas, corner, each, name, words_at=44)
    for number, name in enumerate(names):
        _floor(canvas, (left, 16 + height * (number + 1)), width, name)
    end = 16 + height * (len(names) + 1)
    canvas.arrow([(30, 22), (30, end - 10)])
    canvas.text((20, end / 2), "may import", colour="muted", anchor="middle", turned=True)
    canvas.text(
        (left + width / 2, end + 18),
        "a package imports from those below it, never from those above",
        colour="muted",
        anchor="middle",
    )
    return canvas.svg()


def _floor(
    canvas: Canvas, corner: Point, width: float, name: str, *, words_at: float = 110
) -> None:
    canvas.box(corner, (width, 32), colour="front", filled=0.08, corner=5, width=1.2)
    canvas.text((corner[0] + 14, corner[1] + 21), name, bold=True)
    canvas.text((corner[0] + words_at, corner[1] + 21), WORDS[name], colour="muted", size=12.5)


def dependencies() -> str:
    """The outside libraries that each package imports, read from the code."""
    rows = [*TOP, *reversed(FLOORS)]
    used = {name: _outside(name) for name in rows}
    columns = sorted({name for names in used.values() for name in names})
    left, top, cell = 110.0, 128.0, 26.0
    canvas = Canvas(
        left + cell * len(columns) + 60,
        top + cell * len(rows) + 20,
        "Which outside library each package imports",
    )
    for column, name in enumerate(columns):
        x = left + cell * (column + 0.5)
        canvas.parts.append(
            f'<text class="text" x="{x:.0f}" y="{top - 8:.0f}" font-size="12" '
            f'transform="rotate(-55 {x:.0f} {top - 8:.0f})">{name}</text>'
        )
    for row, package in enumerate(rows):
        y = top + cell * (row + 0.5)
        canvas.text((left - 8, y + 4), package, anchor="end")
        canvas.line([(left, y), (left + cell * len(columns), y)], colour="grid", width=1)
        for column, name in enumerate(columns):
            if name in used[package]:
                canvas.dot((left + cell * (column + 0.5), y), colour="front", radius=6)
    return canvas.svg()


def _outside(package: str) -> set[str]:
    names: set[str] = set()
    for file in (ROOT / "bort" / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return names - {*sys.stdlib_module_names, "bort", "benchmarks"}


def jobs() -> str:
    """The states of a job."""
    canvas = Canvas(900, 380, "The states of a job")
    places = {
        "queued": (40.0, 150.0, "muted"),
        "running": (300.0, 150.0, "front"),
        "done": (640.0, 30.0, "best"),
        "cancelled": (640.0, 120.0, "dominated"),
        "failed": (640.0, 210.0, "cover"),
        "lost": (640.0, 300.0, "cover"),
    }
    words = {
        "queued": "waits for its process",
        "running": "heartbeat every 1.5 s",
        "done": "it finished",
        "cancelled": "a person stopped it",
        "failed": "an error ended it",
        "lost": "its process is gone",
    }
    for name, (x, y, colour) in places.items():
        canvas.box((x, y), (150, 50), colour=colour, filled=0.12)
        canvas.text((x + 75, y + 21), name, anchor="middle", bold=True)
        canvas.text((x + 75, y + 39), words[name], anchor="middle", size=12, colour="muted")
    canvas.arrow([(190, 175), (296, 175)])
    for name, y in (("done", 158), ("cancelled", 168), ("failed", 180), ("lost", 190)):
        canvas.arrow([(450, y), (636, places[name][1] + 25)])
    canvas.line([(790, 145), (870, 145)], colour="muted", dash="5 4")
    canvas.line([(790, 235), (870, 235)], colour="muted", dash="5 4")
    canvas.line([(790, 325), (870, 325)], colour="muted", dash="5 4")
    canvas.arrow([(870, 145), (870, 365), (115, 365), (115, 204)], dash="5 4")
    canvas.text(
        (375, 354),
        "resume: same id, folder and log; next attempt",
        anchor="middle",
        size=12,
        colour="muted",
    )
    return canvas.svg()


def agora_loop() -> str:
    """One round of Agora."""
    canvas = Canvas(920, 300, "One round of Agora")
    steps = (
        ("train", "the student on the", "training set"),
        ("find", "the dev items that it", "gets wrong"),
        ("sample", "new points near these", "dev items"),
        ("label", "them with a second", "model"),
        ("refuse", "copies, near-audit texts,", "what is out of reach"),
    )
    for number, (name, first, second) in enumerate(steps):
        x = 16 + 180 * number
        canvas.box((x, 30), (158, 84), colour="front", filled=0.08)
        canvas.text((x + 79, 54), name, anchor="middle", bold=True)
        canvas.lines((x + 79, 76), (first, second), anchor="middle", colour="muted", size=12)
        if number:
            canvas.arrow([(x - 22, 72), (x - 3, 72)])
    canvas.arrow([(815, 114), (815, 160), (95, 160), (95, 118)])
    canvas.text(
        (455, 152),
        "what is left joins the training set: next round",
        anchor="middle",
        size=12,
        colour="muted",
    )
    canvas.box((196, 210), (158, 60), colour="cover", filled=0.1)
    canvas.text((275, 234), "dev split", anchor="middle", bold=True)
    canvas.text((275, 254), "seen by the loop", anchor="middle", size=12, colour="muted")
    canvas.arrow([(275, 208), (275, 118)], dash="5 4")
    canvas.box((736, 210), (158, 60), colour="best", filled=0.1)
    canvas.text((815, 234), "audit split", anchor="middle", bold=True)
    canvas.text((815, 254), "never seen by the loop", anchor="middle", size=12, colour="muted")
    canvas.arrow([(734, 240), (566, 240)], dash="5 4")
    canvas.text((560, 236), "measures each round's", anchor="end", size=12, colour="muted")
    canvas.text((560, 252), "student from outside", anchor="end", size=12, colour="muted")
    return canvas.svg()


def models() -> str:
    """From a point on the front to files."""
    canvas = Canvas(920, 250, "From a point on the front to files that people deploy")
    _chain(
        canvas,
        30,
        (
            ("pick", ("a point on the front", "depth-heads-hidden-…")),
            ("distil", ("follow the teacher on", "texts without labels")),
            ("fine-tune", ("teacher's soft labels,", "several seeds and rates")),
            ("judge", ("once on audit, next to", "teacher and baselines")),
            ("export", ("Hugging Face folder,", "ONNX, bundle, hub")),
        ),
    )
    canvas.box((196, 170), (338, 50), colour="cover", filled=0.1)
    canvas.text((365, 200), "train and dev: every choice is made here", anchor="middle")
    canvas.box((556, 170), (158, 50), colour="best", filled=0.1)
    canvas.text((635, 200), "audit: read once", anchor="middle")
    for x in (275, 455, 635):
        canvas.arrow([(x, 168), (x, 118)], dash="5 4")
    return canvas.svg()


def space() -> str:
    """A family, a space, an architecture, and what each gives."""
    canvas = Canvas(920, 260, "A family makes spaces, a space contains architectures")
    _chain(
        canvas,
        30,
        (
            ("family", ("how to build, and", "formulas for the costs")),
            ("space", ("a list of values for", "each dimension")),
            ("architecture", ("one combination:", "4-8-1024-768")),
            ("costs", ("parameters, operations,", "exact, from formulas")),
            ("model", ("weights: only where one", "is trained or measured")),
        ),
    )
    examples = (
        ("bert, electra, mlp, …",),
        ("bort: 300", "minilm: 384"),
        ("depth 4, heads 8,", "hidden 1024, …"),
        ("55.9 M parameters",),
        ("seconds to minutes",),
    )
    for number, words in enumerate(examples):
        canvas.lines((95 + 180 * number, 150), words, anchor="middle", size=12)
    canvas.text(
        (455, 220),
        "the first four need no PyTorch, so a space of a million architectures is no problem",
        anchor="middle",
        colour="muted",
    )
    return canvas.svg()


def _chain(canvas: Canvas, top: float, steps: Sequence[tuple[str, tuple[str, str]]]) -> None:
    for number, (name, words) in enumerate(steps):
        x = 16 + 180 * number
        corner: Point = (x, top)
        canvas.box(corner, (158, 84), colour="front", filled=0.08)
        canvas.text((x + 79, top + 24), name, anchor="middle", bold=True)
        canvas.lines((x + 79, top + 46), words, anchor="middle", colour="muted", size=12)
        if number:
            canvas.arrow([(x - 22, top + 42), (x - 3, top + 42)])
