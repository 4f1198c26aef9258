"""Every key and every value of a certificate is changed, one at a time, with new digests.

`verify` must refuse each change, or it changes what was asked or measured in a way that changes
nothing that is claimed: then it is one of `FREE`. A comparison with the table or the store finds
these.
"""

import contextlib
import copy
import functools
import json
import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
from search_cases import Case

from bort.cli import table as cli_table
from bort.core.errors import BortError
from bort.core.evaluation import Evaluation
from bort.core.question import Question
from bort.core.study import SearchSpec
from bort.search import Observation, SearchProblem, certified_search, observation_of, solve
from bort.search.audit import judge_audit, plan_audit
from bort.search.check.certificate import InvalidCertificateError, certificate_of, digests
from bort.search.check.verify import verify
from bort.studies.answers.compare_table import compare_with_table
from bort.studies.answers.table import search_table

FREE = {
    "study": "a name",
    "table.*": "which file; --from-table compares it",
    "space.names[]": "a name",
    "space.labels[]": "the name of an architecture that nothing else names",
    "space.coordinates[][]": "measured",
    "space.size[]": "measured",
    "latency.listed_ms[]": "measured",
    "question.epsilon": "asked, and not reached",
    "question.challenges": "asked, and not needed: λ is given, or nothing is certified",
    "audits[-]": "the last audit of an answer before this one",
    "audits[].plan.seed": "another seed that draws the same",
}


def line(count: int = 9) -> Case:
    """Architectures with two dimensions, whose errors fall evenly."""
    rows = np.array([(d, h) for d in (1, 2, 4) for h in (64, 128, 256)][:count], dtype=float)
    x = np.log(rows)
    errors = 0.3 * np.exp(-(x - x.min(axis=0)) @ np.array([0.08, 0.05]))
    size, latency = rows.prod(axis=1) + 300, rows[:, 0] + rows[:, 1] / 100
    problem = SearchProblem(("depth", "hidden"), x, size, latency, scales=("log", "log"))
    return Case(problem, errors, (0.1, 0.1), 0.0)


def certified(case: Case, question: Question, evaluate=None, *, draws=3, budget=None):
    """Search, then audit twice."""
    evaluate = evaluate or case.evaluate
    steps = certified_search(case.problem, evaluate, question=question, budget=budget)
    known = {s.index: s.observation for s in steps}
    answer, audits, drawn = solve(case.problem, known, question=question), [], {}
    for number in (1, 2):
        plan = plan_audit(
            answer,
            question=question,
            count=draws,
            space_size=len(case.problem),
            seed=7,
            number=number,
            passed_over=drawn,
        )
        if plan is not None:
            drawn |= {i: evaluate(i) for i in plan.drawn}
            audits.append(judge_audit(case.problem, plan, known | drawn))
    return certificate_of(
        case.problem, known, question=question, study="s", audits=audits, audit_observations=drawn
    )


def cover():
    return certified(line(), Question(lipschitz=0.1, epsilon=0.1), draws=2)


def best():
    return certified(line(), Question(goal="best", lipschitz=0.1, epsilon=0.2), budget=4)


def monotone():
    question = Question(lipschitz=0.1, epsilon=0.2, slack=0.05, nugget=0.01)
    return certified(line(), question, budget=4)


def estimated():
    """λ is estimated, and τ measured from two seeds; one training diverged."""
    case, rng = line(), np.random.default_rng(0)
    luck = rng.normal(scale=0.01, size=(9, 2))

    def evaluate(index: int) -> Observation:
        if index == 4:
            return Observation.excluded()
        errors = case.errors[index] * np.exp(luck[index])
        trained = [Evaluation(float(e), 0.01, 100, seed=s) for s, e in enumerate(errors)]
        return observation_of(trained)

    return certified(case, Question(epsilon=0.5), evaluate, budget=6)


def continued():
    """λ is estimated, and the search went on after an audit."""
    case, question = line(), Question(epsilon=0.05)
    steps = certified_search(case.problem, case.evaluate, question=question, budget=5)
    known = {s.index: s.observation for s in steps}
    plan = plan_audit(
        solve(case.problem, known, question=question),
        question=question,
        count=1,
        space_size=len(case.problem),
        seed=1,
    )
    known |= case.observations(plan.drawn)
    steps = certified_search(case.problem, case.evaluate, question=question, budget=7, known=known)
    audit = judge_audit(case.problem, plan, known)
    known |= {s.index: s.observation for s in steps}
    return certificate_of(case.problem, known, question=question, earlier_audits=[audit])


def population():
    """Two seeds on the same 40 examples, at a confidence."""
    case, rng = line(4), np.random.default_rng(1)
    wrong = rng.random((4, 2, 45)) < case.errors[:4, None, None]
    question = Question(lipschitz=0.1, epsilon=0.3, confidence=0.5)
    measured = case.problem.population(question.confidence)

    def evaluate(index: int) -> Observation:
        trained = [
            Evaluation(float(w.mean()), 0.0, 45, seed=s, wrong_items=np.packbits(w).tobytes())
            for s, w in enumerate(wrong[index])
        ]
        return observation_of(trained, population=measured)

    return certified(case, question, evaluate, budget=2, draws=1)


def spot_checked():
    """Every second evaluation after the first six is drawn at random."""
    question = Question(lipschitz=0.1, epsilon=0.01, spot_checks=0.5)
    return certified(line(), question, budget=8, draws=1)


TABLE = "name,depth,kind,size,latency,error,se\n" + "\n".join(
    f"{kind}{d},{d},{kind},{10 * d + 3 * (kind == 'b')},{1 + d},{0.3 - 0.03 * d:.2f},0.01"
    for d in (1, 2, 3, 5)
    for kind in "ab"
)


def table():
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write(TABLE)
        file.flush()
        read = cli_table.read(
            {
                "from_table": Path(file.name),
                "size": "size",
                "latency": "latency",
                "error": "error",
                "error_se": "se",
                "maximise": [],
                "dimensions": None,
                "drop_failed": False,
            }
        )
    spec = SearchSpec(question=Question(epsilon=0.6, confidence=0.9, lipschitz=0.9), audit=2)
    return search_table(*read[:2], spec, source=read[2])[1]


MAKERS = [cover, best, monotone, estimated, continued, population, spot_checked, table]


@functools.cache
def written(maker) -> str:
    return json.dumps(maker(), allow_nan=False)


def changes(value, path=""):
    """Yield, for each key and value, its path and a function that changes it in place."""
    if isinstance(value, dict):
        yield f"{path}.more", lambda v: v.update(more=None)
        for key, inner in value.items():
            here = f"{path}.{key}".strip(".")
            yield here, lambda v, k=key: v.pop(k)
            yield from _inner(inner, here, key)
    elif isinstance(value, list):
        yield f"{path}[+]", lambda v: v.append(copy.deepcopy(v[-1]) if v else 0)
        if value:
            yield f"{path}[-]", lambda v: v.pop()
        for place, inner in enumerate(value):
            yield from _inner(inner, f"{path}[{place}]", place)


def _inner(value, path, key):
    if isinstance(value, dict | list):
        for where, change in changes(value, path):
            yield where, lambda v, c=change: c(v[key])
    for other in _others(value):
        yield path, lambda v, o=other: v.__setitem__(key, o)


def _others(value):
    """Other values for one: of its own kind, and of another."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, str):
        return [value + "x"]
    if isinstance(value, int):
        return [value + 1, float(value + 1)]
    if isinstance(value, float):
        return [0.75 * value + 0.01]
    return [1, "x"] if value is None else [None]


def passing(maker):
    """Return the changed certificates that verify, by the path of the change."""
    text, passed = written(maker), {}
    for path, change in changes(json.loads(text)):
        changed = json.loads(text)
        change(changed)
        with contextlib.suppress(KeyError, TypeError, AttributeError):  # nothing left to digest
            if not path.startswith("digests"):
                changed["digests"] = digests(changed)
        with contextlib.suppress(InvalidCertificateError):
            if not verify(changed):
                passed[path] = changed
    return passed


@pytest.mark.parametrize("maker", MAKERS, ids=lambda f: f.__name__)
def test_no_key_and_no_value_of_a_certificate_can_be_changed(maker) -> None:
    assert verify(json.loads(written(maker))) == []
    passed = {re.sub(r"\d+", "", path) for path in passing(maker)}
    assert {re.sub(r"^table\b.*", "table.*", path) for path in passed} <= set(FREE)


@pytest.mark.parametrize("choices", [0, -1, 10**400])
def test_a_number_that_cannot_be_counted_with_is_refused(choices: int) -> None:
    changed = json.loads(written(population))
    changed["space"]["choices"] = choices
    changed["digests"] = digests(changed)
    [why] = verify(changed)
    assert "is not a whole number from 1 to 1,000,000" in why


def test_the_table_tells_what_the_certificate_alone_does_not(tmp_path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(TABLE)
    assert compare_with_table(json.loads(written(table)), path) == []
    untold = []
    for where, changed in passing(table).items():
        with contextlib.suppress(BortError):  # the file has no such columns
            if not compare_with_table(changed, path):
                untold.append(where)
    assert untold == [
        "study",
        "table.drop_failed",
        "question.challenges",
    ]  # see `FREE`; no blank rows
    path.write_text(TABLE + "\n")
    assert "SHA-256" in compare_with_table(json.loads(written(table)), path)[0]
