"""Certificates are re-checked: thirty kinds of tampering are caught, even with new digests."""

import copy
import functools
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from search_cases import bert_like, random_case
from tamperings import TAMPERINGS, smaller_cover

from bort.cli.verify import verify as verify_command
from bort.core.errors import BortError
from bort.core.question import Question
from bort.core.size import SizeSpec
from bort.families.sizes import sizes_of
from bort.search import Ending, Guarantee, Observation, Status, certified_search, solve
from bort.search.audit import judge_audit, plan_audit
from bort.search.check.certificate import (
    InvalidCertificateError,
    certificate_of,
    digests,
    read_certificate,
)
from bort.search.check.verify import verify


@functools.cache
def written(estimated: bool = False, **asked) -> str:
    case = bert_like(noise=0.01 if estimated else 0.0)
    question = Question(lipschitz=None if estimated else 0.15, **asked)
    steps = certified_search(case.problem, case.evaluate, question=question)
    known = {s.index: s.observation for s in steps}
    plan = plan_audit(
        solve(case.problem, known, question=question),
        question=question,
        count=20,
        space_size=len(case.problem),
        seed=3,
    )
    drawn = {} if plan is None else case.observations(plan.drawn)
    audits = [] if plan is None else [judge_audit(case.problem, plan, known | drawn)]
    certificate = certificate_of(
        case.problem,
        known,
        question=question,
        study="s",
        audits=audits,
        audit_observations=drawn,
    )
    return json.dumps(certificate, allow_nan=False)


def make(**options):
    return read_certificate(written(**options))


@pytest.mark.parametrize("goal", ["cover", "best", "paper", "exhaustive"])
@pytest.mark.parametrize("estimated", [True, False])
def test_every_kind_of_claim_verifies(goal: str, estimated: bool) -> None:
    assert verify(make(estimated=estimated, goal=goal, epsilon=0.2)) == []


@pytest.mark.parametrize("seed", range(0, 40, 5))
def test_claims_about_odd_spaces_verify(seed: int) -> None:
    case = random_case(seed, max_points=120, slack=0.1)
    for goal, slack in (("cover", 0.1), ("best", None)):
        question = Question(goal=goal, slack=slack, lipschitz=case.lipschitz)
        known = case.observations(range(0, len(case.problem), 3))
        certificate = certificate_of(case.problem, known, question=question)
        assert verify(json.loads(json.dumps(certificate))) == []


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda f: f.__name__.strip("_"))
@pytest.mark.parametrize("fixes_digests", [False, True])
def test_tampering_is_caught(tamper, fixes_digests: bool) -> None:
    certificate = make(epsilon=0.1)
    assert len(certificate["claim"]["cover"]) > 1
    tamper(certificate)
    if fixes_digests:
        certificate["digests"] = digests(certificate)
    failures = verify(certificate)
    assert failures
    assert all("\n" not in failure for failure in failures)
    if not fixes_digests:
        assert any("changed after" in line or "were written" in line for line in failures)


@pytest.mark.parametrize("among_drawn", [False, True])
def test_an_audit_that_refutes_the_given_lipschitz_withdraws_the_word_proved(among_drawn) -> None:
    case, question = bert_like(), Question(lipschitz=0.15, epsilon=0.3)
    steps = certified_search(case.problem, case.evaluate, question=question)
    known = {s.index: s.observation for s in steps}
    plan = plan_audit(
        solve(case.problem, known, question=question),
        question=question,
        count=30,
        space_size=len(case.problem),
        seed=3,
    )
    drawn = case.observations(plan.drawn)
    honest = [judge_audit(case.problem, plan, known | drawn)]
    write = functools.partial(certificate_of, case.problem, known, question=question)
    proved = write(audits=honest, audit_observations=drawn)
    assert proved["claim"]["guarantee"] == "proved"
    x, limit = case.problem.coordinates, 0.15
    if among_drawn:  # two neighbours that agree with what was known, but not with each other
        pairs = [(a, b) for a in plan.drawn for b in plan.drawn if a < b]
        a, b = min(pairs, key=lambda pair: np.abs(x[pair[0]] - x[pair[1]]).sum())
        room = limit * np.abs(x[list(known)][:, None] - x[[a, b]]).sum(axis=2)
        logs = np.log([o.error for o in known.values()])[:, None]
        drawn[a] = Observation.of(float(np.exp((logs + room).min(axis=0)[0] - 1e-6)))
        drawn[b] = Observation.of(float(np.exp((logs - room).max(axis=0)[1] + 1e-6)))
    else:
        drawn[plan.drawn[0]] = Observation.of(drawn[plan.drawn[0]].error / 3)
    audits = [judge_audit(case.problem, plan, known | drawn)]
    refuted = write(audits=audits, audit_observations=drawn)
    audit = refuted["claim"]["ledger"][-1]
    assert audit["outside"] >= 1
    assert refuted["claim"]["guarantee"] == "none"
    assert verify(refuted) == []
    forged = {**refuted, "claim": proved["claim"]}
    forged["digests"] = digests(forged)
    assert any(line.startswith("claim.guarantee is stated as") for line in verify(forged))


def test_what_was_changed_and_what_is_uncovered_are_named() -> None:
    certificate = make(epsilon=0.1)
    changed = copy.deepcopy(certificate)
    changed["evaluations"][1]["error"] *= 1.0001
    changed["evaluations"][1]["upper"] = changed["evaluations"][1]["error"]
    label = changed["evaluations"][1]["label"]
    assert f"evaluation of {label}: changed after the certificate was written" in verify(changed)
    smaller_cover(certificate)
    assert any("does not certify" in line for line in verify(certificate))


def test_a_family_space_is_costed_again() -> None:
    from bort.families import load_space
    from bort.search import Observation, SearchProblem

    space = load_space("minilm")
    problem = SearchProblem(
        tuple(space.dimensions),
        np.log(space.values),
        space.parameter_count.astype(float),
        1.0 + space.values.prod(axis=1) / 1e6,
        label=lambda i: space.architecture(i).id,
    )
    errors = 0.3 - 0.01 * problem.coordinates.sum(axis=1) / problem.coordinates.sum(axis=1).max()
    known = {i: Observation.of(float(errors[i]), n=600) for i in range(0, len(space), 7)}
    certificate = certificate_of(
        problem,
        known,
        question=Question(lipschitz=0.1),
        space=space.to_dict(),
    )
    assert not {"size", "size_unit"} & certificate["space"].keys()
    assert verify(certificate) == []
    certificate["space"]["family_space"]["fixed"]["vocabulary"] = 1000
    certificate["digests"] = digests(certificate)
    assert verify(certificate)


def test_bytes_are_counted_again_with_the_tokenizers_of_the_task() -> None:
    from bort.families import FamilySpace
    from bort.search import Observation, SearchProblem

    space = FamilySpace("s", "static", {"vocabulary": (100, 200), "hidden": (4, 8, 16)})
    size = SizeSpec(unit="bytes-int8", tokenizer_bytes={"100": 1_500, "200": 2_600})
    problem = SearchProblem(
        tuple(space.dimensions),
        np.log(space.values),
        sizes_of(space, size).astype(float),
        1.0 + space.values.prod(axis=1) / 1e6,
        label=lambda i: space.architecture(i).id,
    )
    known = {i: Observation.of(0.3 - 0.01 * i, n=600) for i in range(len(space))}
    question = Question(lipschitz=0.1)
    certificate = certificate_of(
        problem, known, question=question, space=space.to_dict(), size=size
    )
    certificate = read_certificate(json.dumps(certificate))
    named = {"unit": "bytes-int8", "tokenizer_bytes": {"100": 1_500, "200": 2_600}}
    assert certificate["space"]["size_unit"] == named
    assert verify(certificate) == []
    forged = copy.deepcopy(certificate)
    forged["space"]["size_unit"]["tokenizer_bytes"]["100"] = 10_000_000  # then 100 never wins
    forged["digests"] = digests(forged)
    assert verify(forged)
    del forged["space"]["size_unit"]["tokenizer_bytes"]["100"]
    with pytest.raises(InvalidCertificateError, match="tokenizer with 100 pieces are missing"):
        verify(forged | {"digests": digests(forged)})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"format": "bort-certificate", "version": 1}', "bort search --from-table"),
        (
            '{"format": "bort-certificate", "version": 4, "study": "s"}',
            "write a new one with: bort search --study s",
        ),
        ('{"format": "bort-certificate", "version": 2, "study": NaN}', "it contains NaN"),
        ("", "not valid JSON"),
        ('{"format": "bort-certif', "not valid JSON"),
        ('{"format": "bort-certificate", "version": 7, "study": 1e999}', "1e999 is too large"),
        ('{"format": "bort-certificate", "format": 1}', "'format' is given twice"),
        ('{"format": "bort-certificate", "study": ' + "[" * 100_000, "nested too deeply"),
        ('{"format": "bort-certificate", "version": ' + "9" * 5000 + "}", "has 5,000 digits"),
        ("[1, 2]", "not a certificate"),
        ('{"format": "bort-certificate", "version": 99}', "newer bort"),
        ('{"format": "bort-certificate", "version": "x"}', "not a version number"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(text: str, words: str) -> None:
    with pytest.raises(InvalidCertificateError, match=words) as caught:
        read_certificate(text)
    assert caught.value.exit_code == 2


def test_a_certificate_holds_no_prose() -> None:
    def texts(value):
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            return [text for part in value for text in texts(part)]
        return [value] if isinstance(value, str) else []

    certificate = make(epsilon=0.1)
    assert not [text for text in texts(certificate) if len(text.split()) > 2]


def test_a_missing_part_is_no_traceback() -> None:
    certificate = make(epsilon=0.1)
    for part in ("space", "claim", "evaluations", "digests", "latency", "question", "assumptions"):
        broken = {k: v for k, v in certificate.items() if k != part}
        with pytest.raises(InvalidCertificateError):
            verify(broken)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["claim"].update(certified_epsilon=0.1, guarantee="conditional"), "0.1"),
        (lambda c: c["claim"].update(certified_epsilon=-1), "-1"),
    ],
)
def test_no_epsilon_can_be_claimed_where_nothing_is_certified(change, words) -> None:
    case = bert_like()
    known = case.observations((0, 1))
    certificate = certificate_of(case.problem, known, question=Question())
    assert certificate["claim"]["certified_epsilon"] is None
    assert verify(certificate) == []
    change(certificate)
    certificate["digests"] = digests(certificate)
    said = f"claim.certified_epsilon is stated as {words}, but null follows from the rest"
    assert said in verify(certificate)


@pytest.mark.parametrize("fixes_digests", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.update(audits={}),
        lambda c: c["evaluations"][0].update(index=1e308),
        lambda c: c["digests"].update(more=1),
        lambda c: c.pop("study"),
        lambda c: c.update(space=None),
        lambda c: c.update(space="x"),
        lambda c: c["space"].pop("count"),
        lambda c: c["claim"].pop("guarantee"),
        lambda c: c["question"].update(epsilon=[]),
    ],
)
def test_wrong_json_types_are_no_traceback(tmp_path, change, fixes_digests: bool) -> None:
    certificate = make(epsilon=0.1)
    change(certificate)
    if fixes_digests:
        certificate["digests"] = digests(certificate)
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(certificate))
    ended = CliRunner().invoke(verify_command, [str(path), "--json"])
    if isinstance(ended.exception, BortError):
        assert ended.exception.exit_code == 2
    else:
        assert json.loads(ended.stdout)["holds"] is not bool(ended.exit_code)
        assert ended.exit_code == 1 or fixes_digests


def test_the_command_ends_with_0_or_1(tmp_path) -> None:
    certificate = make(epsilon=0.1)
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(certificate))
    runner = CliRunner()
    held = runner.invoke(verify_command, [str(path), "--json"])
    assert held.exit_code == 0
    assert json.loads(held.stdout)["holds"] is True
    smaller_cover(certificate)
    path.write_text(json.dumps(certificate))
    broken = runner.invoke(verify_command, [str(path), "--json"])
    assert broken.exit_code == 1
    assert json.loads(broken.stdout)["failures"]
    plain = runner.invoke(verify_command, [str(path)])
    assert isinstance(plain.exception, BortError)
    assert plain.exception.exit_code == 1
    missing = runner.invoke(verify_command, [str(tmp_path / "none.json")])
    assert missing.exception.exit_code == 2


@pytest.fixture
def stored(tmp_path):
    """A store with a study of three evaluations, and a function that compares with it."""
    from made_up_study import made_up_evaluation, made_up_profile, made_up_spec

    from bort.families import SearchSpace
    from bort.storage import open_store
    from bort.studies.answers import study_certificate

    url = f"sqlite:///{tmp_path / 'bort.db'}"
    spec = made_up_spec("s", epsilon=0.3)
    space = SearchSpace.from_dict(spec.space)
    profile = made_up_profile(space)
    with open_store(url) as store:
        store.put_profile(profile.to_dict(), profile.name)
        store.create_study(spec, profile=profile.name)
        for index in (0, 50, 200, 300, 383):
            architecture = space.architecture(index)
            store.add_evaluation(
                "s", architecture.id, architecture.as_dict(), made_up_evaluation(architecture)
            )
        certificate = study_certificate(store, "s")

    def failures(change=lambda c: None) -> str:
        changed = copy.deepcopy(certificate)
        change(changed)
        changed["digests"] = digests(changed)
        path = tmp_path / "certificate.json"
        path.write_text(json.dumps(changed))
        answer = CliRunner().invoke(verify_command, [str(path), "--store", url, "--json"])
        assert answer.exit_code == bool(json.loads(answer.stdout)["failures"])
        return " / ".join(json.loads(answer.stdout)["failures"])

    return failures


def _drop(c):
    c["evaluations"].pop()
    c["claim"]["evaluations"] -= 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["question"].update(epsilon=0.5), "ε: the certificate says 0.5, the store 0.3"),
        (
            lambda c: c["question"].update(weights=[1, 1, 2]),
            "the weights: the certificate says (1.0, 1.0, 2.0)",
        ),
        (lambda c: c["question"].update(goal="best"), "the goal: the certificate says best"),
        (lambda c: c["question"].update(slack=0.1), "σ: the certificate says 0.1"),
        (
            lambda c: c["latency"].update(listed_ms=[2 * v for v in c["latency"]["listed_ms"]]),
            "384 latencies differ from the store's profile",
        ),
        (
            lambda c: c["space"]["family_space"]["fixed"].update(vocabulary=1000),
            "the space differs",
        ),
        (
            lambda c: c["evaluations"][0].update(error=0.1, lower=0.1, upper=0.1),
            "has error 0.1, but the store says",
        ),
        (
            lambda c: c["question"].update(spot_checks=0.5),
            "the share of spot checks: the certificate says 0.5",
        ),
        (lambda c: c["evaluations"].reverse(), "the evaluations are the store's, but in another"),
        (_drop, "1 stored evaluations are not in the certificate"),
    ],
)
def test_the_store_tells_a_consistent_forgery(stored, change, words) -> None:
    assert stored() == ""
    assert words in stored(change)


@pytest.mark.parametrize("goal", ["cover", "best", "exhaustive"])
def test_latencies_that_the_noise_check_refused_certify_nothing(goal: str) -> None:
    case, question = bert_like(), Question(goal=goal, lipschitz=0.15, epsilon=0.3)
    quiet = list(certified_search(case.problem, case.evaluate, question=question))
    problem = replace(case.problem, latency_is_refused=True)
    steps = list(certified_search(problem, case.evaluate, question=question))
    assert [s.index for s in steps] == [s.index for s in quiet]  # errors are worth as much
    assert {s.certified_epsilon for s in steps} == {None}
    assert steps[-1].reason is Ending.ASSUMPTION_VIOLATED
    known = {s.index: s.observation for s in steps}
    answer = solve(problem, known, question=question)
    assert (answer.guarantee, answer.cover, answer.w_ratio) == (Guarantee.NONE, None, None)
    assert [f.code for f in answer.ledger if f.status is Status.VIOLATED] == ["latency-refused"]
    certificate = certificate_of(problem, known, question=question)
    assert verify(certificate) == []
    certificate["latency"]["is_refused"] = False
    assert verify({**certificate, "digests": digests(certificate)})
    honest = certificate_of(case.problem, known, question=question)
    honest["latency"]["is_refused"] = True
    assert verify({**honest, "digests": digests(honest)})


def test_two_numbers_that_are_told_to_differ_look_different() -> None:
    content = make(epsilon=0.1)
    stated = content["claim"]["certified_epsilon"]
    content["claim"]["certified_epsilon"] = stated * (1 - 1e-6)
    (line,) = [line for line in verify(content) if line.startswith("claim.certified_epsilon is")]
    there, here = re.findall(r"\d\.\d+", line)
    assert float(there) == pytest.approx(float(here), rel=1e-5)
    assert there != here


def test_an_audit_that_names_another_seed_is_told_what_it_would_have_drawn() -> None:
    content = make(epsilon=0.1)
    content["audits"][0]["plan"]["seed"] += 1
    assert any("audit 1 draws" in line and "no error of it" in line for line in verify(content))
