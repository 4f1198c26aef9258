"""Pictures of data: every number in them is computed from recorded results."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bort.agora.loop import agora
from bort.agora.torus.world import MISSING_LONGITUDE, TorusSpec, angles, torus_world
from bort.core.question import Question
from bort.families import load_space
from bort.families.summary import abnc_report
from bort.latency.profile import read_profile
from bort.search import Observation, SearchProblem, certified_search, solve
from bort.studies.recorded_table import ErrorTable, read_table
from docs.pictures.svg import Axes, Canvas

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "data" / "recorded"
DIMENSIONS = ("depth", "heads", "hidden", "intermediate")
EPSILON = 0.25
# From the smallest to the largest of the 96, one dimension at a time. Along such a path the
# search's distances add up, so a cone has straight sides.
PATH = (
    *("1-2-96-192", "1-2-96-768", "1-12-96-768", "2-12-96-768", "4-12-96-768", "4-12-192-768"),
    *("4-12-288-768", "6-12-288-768", "6-12-384-768", "6-12-384-1536"),
)


def reviews() -> tuple[ErrorTable, list[str]]:
    """The recorded movie-review table, and the names of its architectures."""
    table = read_table(
        RECORDED / "movie-reviews-minilm-96.csv",
        size="parameter_count",
        latency="latency_ms",
        error="error_mean",
        error_se="error_se",
        dimensions=DIMENSIONS,
    )
    rows = zip(*(table.cells[name] for name in DIMENSIONS), strict=True)
    return table, ["-".join(map(str, row)) for row in rows]


def cones() -> str:
    """What a training says about its neighbours, on a path through the recorded table."""
    table, ids = reviews()
    rows = np.array([ids.index(name) for name in PATH])
    # λ as estimated by a search of the whole table to ε = 0.1; it is valid along the path.
    *_, last = certified_search(table.problem, table.observation, question=Question(epsilon=0.1))
    lipschitz = last.lipschitz
    assert lipschitz is not None
    problem = SearchProblem(
        table.problem.names,
        table.problem.coordinates[rows],
        table.problem.size[rows],
        table.problem.latency[rows],
    )

    def observe(row: int) -> Observation:
        return table.observation(int(rows[row]))

    question = Question(epsilon=EPSILON, lipschitz=tuple(lipschitz.tolist()))
    order = [s.index for s in certified_search(problem, observe, question=question)]
    place = problem.distance(slice(None), np.array([0]), lipschitz)[:, 0]
    errors = table.errors[rows]
    canvas = Canvas(920, 470, "Trained architectures bound the error of their neighbours")
    shown = (order[:3], order)
    for panel, trained in enumerate(shown):
        axes = Axes(
            *(canvas, 70 + 440 * panel, 46, 390, 300, (-0.06, float(place[-1]) + 0.06)),
            *((0.1, 0.31), False, True),
        )
        title = f"after {len(trained)} trainings" + (": all covered" if panel else "")
        axes.frame(
            x_ticks=place.tolist(),
            x_words=[""] * len(place),
            y_ticks=(0.1, 0.15, 0.2, 0.25, 0.3),
            y_words=("10%", "15%", "20%", "25%", "30%"),
            y_title="" if panel else "error on dev (log scale)",
            title=title,
        )
        _cones(axes, place, errors, trained)
        covered = _covered(problem, errors, place, trained)
        for row, (x, error) in enumerate(zip(place, errors, strict=True)):
            if row in trained:
                axes.canvas.dot(axes.at(x, error), colour="front", radius=6)
                continue
            low, high = _between(place, errors, trained, row)
            colour = "best" if covered[row] else "cover"
            canvas.line([axes.at(x, low), axes.at(x, high)], colour=colour, width=3)
            canvas.dot(axes.at(x, error), colour="dominated", radius=3.5, hollow=True)
        _path_names(axes, place)
    canvas.dot((86, 446), colour="front", radius=6)
    canvas.text((98, 450), "trained")
    for x, colour, words in (
        (180, "best", "where its error can be: covered"),
        (430, "cover", "not covered yet"),
    ):
        canvas.line([(x, 438), (x, 454)], colour=colour, width=3)
        canvas.text((x + 10, 450), words)
    canvas.dot((580, 446), colour="dominated", radius=3.5, hollow=True)
    canvas.text((592, 450), "its true error, unknown to the search")
    return canvas.svg()


def _cones(axes: Axes, place: np.ndarray, errors: np.ndarray, trained: Sequence[int]) -> None:
    xs = np.linspace(axes.x[0], axes.x[1], 240)
    steps = np.abs(xs[:, None] - place[None, list(trained)])
    logs = np.log(errors[list(trained)])
    low = np.exp((logs - steps).max(axis=1)).clip(*axes.y)
    high = np.exp((logs + steps).min(axis=1)).clip(*axes.y)
    ahead = [axes.at(x, y) for x, y in zip(xs, low, strict=True)]
    back = [axes.at(x, y) for x, y in zip(xs, high, strict=True)]
    axes.canvas.area([*ahead, *reversed(back)], colour="front", opacity=0.12)
    for edge in (ahead, back):
        axes.canvas.line(edge, colour="front", width=1)


def _between(
    place: np.ndarray, errors: np.ndarray, trained: Sequence[int], row: int
) -> tuple[float, float]:
    steps = np.abs(place[row] - place[list(trained)])
    logs = np.log(errors[list(trained)])
    return float(np.exp((logs - steps).max())), float(np.exp((logs + steps).min()))


def _covered(
    problem: SearchProblem, errors: np.ndarray, place: np.ndarray, trained: Sequence[int]
) -> list[bool]:
    """Check that some trained one is surely at most 1+ε times larger, slower and more wrong."""
    factor = 1 + EPSILON
    covered = []
    for row in range(len(place)):
        low, _ = _between(place, errors, trained, row)
        covered.append(
            any(
                problem.size[c] <= factor * problem.size[row]
                and problem.latency[c] <= factor * problem.latency[row]
                and (errors[c] <= factor * low or abs(place[c] - place[row]) <= np.log(factor))
                for c in trained
            )
        )
    return covered


def _path_names(axes: Axes, place: np.ndarray) -> None:
    bottom = axes.top + axes.height
    for x, name in ((place[0], PATH[0]), (place[3], PATH[3]), (place[-1], PATH[-1])):
        anchor = {PATH[0]: "start", PATH[-1]: "end"}.get(name, "middle")
        place_of_name = (axes.at(x, 0.2)[0], bottom + 17)
        axes.canvas.text(place_of_name, name, colour="muted", anchor=anchor, size=12)
    axes.canvas.text(
        (axes.left + axes.width / 2, bottom + 40),
        "one dimension grows at each line; distance is weighted by λ",
        anchor="middle",
    )


def cover() -> str:
    """The ε-cover of the recorded table: which trained architecture covers which others."""
    table, _ = reviews()
    problem = table.problem
    question = Question(epsilon=EPSILON)
    steps = certified_search(problem, table.observation, question=question)
    seen = {s.index: s.observation for s in steps}
    answer = solve(problem, seen, question=question)
    assert answer.cover is not None
    title = f"{len(answer.cover)} trained architectures cover all 96 within a factor of 1.25"
    canvas = Canvas(920, 470, title)
    axes = Axes(canvas, 70, 40, 820, 330, (2.7, 26), (0.152, 0.232), True, True)
    axes.frame(
        x_ticks=(3, 5, 10, 20),
        y_ticks=(0.16, 0.18, 0.2, 0.22),
        y_words=("16%", "18%", "20%", "22%"),
        x_title="million parameters (log scale)",
        y_title="error on dev (log scale)",
        title=f"{len(problem)} architectures, {len(seen)} trained, "
        f"{len(answer.cover)} in the cover",
    )
    millions = problem.size / 1e6
    factor = 1 + EPSILON
    for row in range(len(problem)):
        fits = [
            int(c)
            for c in answer.cover
            if problem.size[c] <= factor * problem.size[row]
            and problem.latency[c] <= factor * problem.latency[row]
            and table.errors[c] <= factor * table.errors[row]
        ]
        here = axes.at(millions[row], table.errors[row])
        if row not in answer.cover:
            c = min(fits, key=lambda c: table.errors[c])
            there = axes.at(millions[c], table.errors[c])
            canvas.line([here, there], colour="cover", width=0.5)
    for row in range(len(problem)):
        here = axes.at(millions[row], table.errors[row])
        if row in answer.cover:
            canvas.dot(here, colour="cover", radius=8)
        elif row in seen:
            canvas.dot(here, colour="front", radius=5)
        else:
            canvas.dot(here, colour="dominated", radius=3.5, hollow=True)
    y = 446.0
    for x, colour, radius, hollow, words in (
        (84, "cover", 8, False, "in the cover"),
        (240, "front", 5, False, "trained, not needed"),
        (440, "dominated", 3.5, True, "not trained: error as recorded"),
    ):
        canvas.dot((x, y), colour=colour, radius=radius, hollow=hollow)
        canvas.text((x + 14, y + 4), words)
    return canvas.svg()


def torus() -> str:
    """Three moments of a run on the torus, unrolled into its two angles."""
    spec = TorusSpec()
    world = torus_world(spec)
    steps = list(agora(world.task, world.parts, world.options))
    canvas = Canvas(
        920, 400, "Agora fills the part of the torus that is missing from the training set"
    )
    last = len(steps) - 1
    for panel, number in enumerate((0, 1, last)):
        step = steps[number]
        axes = Axes(canvas, 62 + 290 * panel, 46, 260, 240, (-180, 180), (-180, 180))
        wrong = step.round.dev_error.rate
        axes.frame(
            x_ticks=(-60, 60),
            y_ticks=(-180, 0, 180),
            y_words=("", "", "") if panel else ("-180", "0", "180"),
            x_title="longitude, degrees",
            y_title="" if panel else "latitude, degrees",
            title=f"round {number}: {100 * wrong:.1f}% of dev wrong",
        )
        edge = float(np.degrees(MISSING_LONGITUDE))
        strip = [axes.at(-edge, -180), axes.at(edge, -180), axes.at(edge, 180), axes.at(-edge, 180)]
        canvas.area(strip, colour="muted", opacity=0.1)
        added = [p.value for s in steps[:number] for p in s.round.accepted]
        for values, colour, radius in (
            (world.task.train.inputs, "dominated", 1),
            (np.array(added, dtype=float).reshape(-1, 3), "front", 1),
            (world.task.dev.inputs[list(step.round.wrong_dev)], "cover", 2.5),
        ):
            there = np.degrees(np.column_stack(angles(values))).tolist()
            canvas.dots([axes.at(*pair) for pair in there], colour=colour, radius=radius)
    for x, colour, radius, words in (
        (76, "dominated", 3, "labelled from the start"),
        (290, "front", 3, "added by earlier rounds"),
        (510, "cover", 4, "dev points that the student gets wrong"),
    ):
        canvas.dot((x, 376), colour=colour, radius=radius)
        canvas.text((x + 12, 380), words)
    return canvas.svg()


def latency() -> str:
    """The recorded profile: predicted against measured milliseconds."""
    profile = read_profile(RECORDED / "profiles" / "minilm-torch-float32-32.json")
    space = load_space(profile.space_name)
    predicted = profile.predict(space).median_ms
    ids = {space.architecture(i).id: i for i in range(len(space))}
    canvas = Canvas(920, 480, "Predicted against measured latency")
    axes = Axes(canvas, 70, 40, 820, 350, (0.9, 16), (0.9, 16), True, True)
    held_out = sum(not m.fitted for m in profile.measurements)
    axes.frame(
        x_ticks=(1, 2, 5, 10),
        y_ticks=(1, 2, 5, 10),
        x_title="measured, ms per forward pass (log scale)",
        y_title="predicted, ms (log scale)",
        title=f"{profile.runtime}, batch 1, 32 tokens: "
        f"{len(profile.measurements)} of {len(space)} architectures measured",
    )
    band = profile.band
    ends = (0.95, 15.0)
    edges = [axes.at(x, x * f) for f in (1 - band, 1 + band) for x in ends]
    canvas.area([edges[0], edges[1], edges[3], edges[2]], colour="front", opacity=0.15)
    canvas.line([axes.at(x, x) for x in ends], colour="muted", dash="5 4", width=1)
    for fitted in (True, False):
        for m in profile.measurements:
            if m.fitted is fitted:
                there = axes.at(m.latency.median_ms, float(predicted[ids[m.id]]))
                ends_ms = (m.latency.low_ms, m.latency.high_ms)
                colour = "dominated" if fitted else "cover"
                canvas.line([axes.at(x, predicted[ids[m.id]]) for x in ends_ms], colour=colour)
                canvas.dot(there, colour=colour, radius=4, hollow=fitted)
    canvas.dot((84, 456), colour="dominated", hollow=True)
    canvas.text((96, 460), "the model was fitted on these")
    canvas.dot((320, 456), colour="cover")
    canvas.text((332, 460), f"{held_out} drawn at random: they test it")
    canvas.box((582, 449), (22, 14), colour="front", filled=0.15, corner=2, width=0)
    canvas.text((612, 460), f"the model's band, ±{100 * band:.0f}%")
    return canvas.svg()


def parts() -> str:
    """Where an architecture's parameters are: embeddings, layers, head."""
    chosen = (
        *(("bort", "12-16-1024-3072"), ("bort", "4-8-1024-768"), ("bort", "6-8-512-768")),
        *(("minilm", "6-12-384-1536"), ("minilm", "2-12-192-768"), ("minilm", "1-2-96-192")),
    )
    canvas = Canvas(920, 360, "Parameters of six architectures by part")
    axes = Axes(canvas, 250, 30, 560, 250, (0, 160), (0, len(chosen)))
    axes.frame(x_ticks=(0, 40, 80, 120, 160), y_ticks=(), x_title="million parameters")
    notes = {"4-8-1024-768": " (Bort)", "6-12-384-1536": " (MiniLM)"}
    for row, (name, wanted) in enumerate(chosen):
        space = load_space(name)
        index = next(i for i in range(len(space)) if space.architecture(i).id == wanted)
        report = abnc_report(space, batch_size=1, sequence_length=32)
        x, top = 0.0, len(chosen) - row - 0.2
        canvas.text(
            (240, axes.at(0, top - 0.4)[1] + 4),
            f"{name}  {wanted}{notes.get(wanted, '')}",
            anchor="end",
        )
        for part, colour in (("first", "dominated"), ("middle", "front"), ("last", "cover")):
            millions = float(report.parameters[part][index]) / 1e6
            left, above = axes.at(x, top)
            right, below = axes.at(x + millions, top - 0.65)
            canvas.box(
                (left, above),
                (right - left, below - above),
                colour=colour,
                filled=0.85,
                corner=0,
                width=0,
            )
            x += millions
        canvas.text((axes.at(x, top)[0] + 8, axes.at(0, top - 0.4)[1] + 4), f"{x:.1f} M")
    for x, colour, words in (
        (250, "dominated", "A: embeddings"),
        (410, "front", "B: layers"),
        (540, "cover", "C: pooler and classifier"),
    ):
        canvas.box((x, 334), (14, 14), colour=colour, filled=0.85, corner=2, width=0)
        canvas.text((x + 22, 346), words)
    return canvas.svg()
