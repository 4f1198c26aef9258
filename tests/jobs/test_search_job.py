"""The search as a job, with errors from a formula and latencies from a made-up machine."""

import copy
import json
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from made_up_study import made_up_evaluation, made_up_profile, made_up_spec

from bort.core.architecture import Architecture
from bort.core.baseline import Method, OracleFacts, Scored
from bort.core.errors import InvalidFieldError, UnknownStudyError
from bort.core.origin import Origin
from bort.core.progress import Stage
from bort.families import SearchSpace
from bort.jobs import JobCancelledError, cancel, resume, run_here
from bort.jobs.kinds import search as search_job
from bort.report.doubt import audit_offer_rows
from bort.report.job_terminal import tell
from bort.report.search import certificate_statements
from bort.search import Guarantee
from bort.search.audit import AuditPlan
from bort.search.check.certificate import digests
from bort.search.check.verify import verify
from bort.storage import EventCode, Thing, ThingKind, export_study, import_study, schema
from bort.studies import loggers
from bort.studies.answers import CERTIFICATE, latest_study, read_answer
from bort.studies.answers.compare import compare_with_store
from bort.training.execution import TrainingStoppedError

FACTS = OracleFacts(
    source="s",
    source_sha256="ab",
    teacher="s fine-tuned",
    teacher_dev_error=0.06,
    device="cpu",
    threads=2,
    unknown_share=0.313,
    baselines=(
        Scored(methods=(Method.MAJORITY,), error_rate=0.5, low=0.4, high=0.6, macro_f1=0.3, n=90),
    ),
    teachers=(
        Scored(
            methods=(Method.FINETUNED,), error_rate=0.06, low=0.04, high=0.09, macro_f1=0.9, n=90
        ),
    ),
)


@pytest.fixture
def trained(store, monkeypatch):
    """Record which architectures are trained, in order; a formula replaces the training."""
    record = []

    def oracle(context, spec, space):
        def train(architecture, seed):
            record.append((architecture.id, seed))
            return replace(made_up_evaluation(architecture), seed=seed)

        return SimpleNamespace(evaluate=train, origin=Origin())

    monkeypatch.setattr(search_job, "_oracle", oracle)
    return record


@pytest.fixture
def spec(store):
    spec = made_up_spec("reviews", epsilon=0.25, budget=14)
    profile = made_up_profile(SearchSpace.from_dict(spec.space))
    store.put_profile(profile.to_dict(), profile.name)
    return replace(spec, latency=replace(spec.latency, profile=profile.name))


def search(store, spec, **options):
    return run_here(store, "search", spec.to_dict(), study=spec.name, **options)


def test_the_answer_has_every_promised_key(store, spec, trained):
    answer = search(store, spec)
    assert answer.keys() >= {
        "job", "study", "space_size", "evaluations", "evaluation_bound", "certified_epsilon",
        "goal", "cover", "front", "best", "seconds",
    }  # fmt: skip
    assert answer["evaluations"] == len(trained) == 14
    assert answer["space_size"] == 384
    assert answer["front"][0].keys() >= {
        "id", "architecture", "parameter_count", "effective_parameter_count", "latency_ms",
        "error_rate", "error_se", "n_dev",
    }  # fmt: skip
    assert answer["best"].keys() == answer["front"][0].keys() | {"w"}
    again = read_answer(store, "reviews").as_json()
    assert {**again, "seconds": 0} == {**answer, "seconds": 0}


def test_every_training_is_logged_with_its_numbers(store, spec, trained, monkeypatch):
    heard = []
    logger = SimpleNamespace(
        scalar=lambda *point: heard.append(point), close=lambda: heard.append("closed")
    )
    monkeypatch.setitem(loggers._MAKERS, "mlflow", lambda *given: logger)
    spec = replace(spec, training=replace(spec.training, seeds=2))
    spec = replace(spec, search=replace(spec.search, budget=12))
    run_here(store, "search", {**spec.to_dict(), "loggers": ["mlflow"]}, study=spec.name)
    assert heard[-1] == "closed"
    curves = {}
    for name, step, value in heard[:-1]:
        curves.setdefault(name, []).append((step, value))
    order = [architecture for architecture, _ in trained]
    points = {point.id: point for point in read_answer(store, "reviews").points}
    sizes = [points[name].parameter_count for name in order]
    assert curves["search/parameters"] == list(enumerate(sizes, start=1))
    assert [value for _, value in curves["search/latency_ms"]] == pytest.approx(
        [points[name].latency_ms for name in order]
    )
    shapes = [Architecture.of(**points[name].architecture) for name in order]
    errors = [made_up_evaluation(shape).error_rate for shape in shapes]
    assert curves["search/error"] == list(enumerate(errors, start=1))
    depths = [points[name].architecture["depth"] for name in order]
    assert [value for _, value in curves["search/architecture/depth"]] == depths
    known = store.metrics(store.jobs()[0].id)["certified_epsilon"]
    certified = [(2 * step, value) for step, value in known if value is not None]
    assert curves["search/certified_epsilon"] == certified
    stored = read_answer(store, "reviews").spec
    assert stored.size.tokenizer_bytes, "a reader may ask for bytes later"
    assert replace(stored, size=spec.size) == spec, "what is logged is no part of a study"
    heard.clear()
    more = replace(spec, search=replace(spec.search, budget=13))
    run_here(store, "search", {**more.to_dict(), "loggers": ["mlflow"]}, study=spec.name)
    assert {step for name, step, _ in heard[:-1] if name == "search/error"} == {25, 26}


def test_the_comparison_is_told_before_the_first_candidate_is_trained(
    store, spec, trained, monkeypatch, capsys
):
    formula = search_job._oracle

    def oracle(context, spec, space):
        search_job._tell_facts(context, spec, FACTS)
        return formula(context, spec, space)

    monkeypatch.setattr(search_job, "_oracle", oracle)
    told = []
    search(store, spec, on_event=lambda event: told.append((event.code, len(trained))))
    assert (EventCode.TEACHER_READY, 0) in told
    assert store.study("reviews").facts == FACTS
    for event in store.events(store.jobs()[0].id):
        tell(event)
    plan, line = capsys.readouterr().err.splitlines()
    assert plan.startswith("Plan: ")
    assert "majority 50.0% (40.0 to 60.0), the teacher 6.0% (4.0 to 9.0)" in line
    assert "does not know 31% of the words" in line


def test_front_is_what_no_other_point_beats(store, spec, trained):
    search(store, spec)
    answer = read_answer(store, "reviews")
    costs = {p.id: (p.parameter_count, p.latency_ms, p.error_rate) for p in answer.points}

    def is_beaten(mine):
        return any(
            other != mine and all(o <= m for o, m in zip(other, mine, strict=True))
            for other in costs.values()
        )

    assert {p.id for p in answer.front} == {i for i, mine in costs.items() if not is_beaten(mine)}


def test_a_new_epsilon_and_new_weights_train_nothing(store, spec, trained):
    search(store, spec)
    trained.clear()
    small = read_answer(store, "reviews", weights=(5, 1, 0.1))
    accurate = read_answer(store, "reviews", weights=(0.01, 0.01, 5), epsilon=3)
    assert small.best.parameter_count < accurate.best.parameter_count
    assert accurate.epsilon == 3
    assert not trained


def test_resuming_goes_on_as_if_never_stopped(store, spec, trained):
    whole = search(store, spec)
    order = list(trained)
    trained.clear()
    half = replace(spec, name="half")

    def stop_halfway(progress):
        if progress.done == 6:
            raise KeyboardInterrupt

    with pytest.raises(JobCancelledError):
        search(store, half, on_step=stop_halfway)
    resumed = resume(store, store.jobs()[0].id, detach=False)
    assert trained == order
    assert max(Counter(trained).values()) == 1
    assert resumed["front"] == whole["front"]
    assert resumed["certified_epsilon"] == whole["certified_epsilon"]


def test_a_search_stopped_in_a_training_keeps_a_certificate(store, spec, trained, monkeypatch):
    make_oracle = search_job._oracle

    def stopped_in_the_fourth(context, *rest):
        oracle = make_oracle(context, *rest)

        def train(architecture, seed):
            if len(trained) == 3:
                cancel(store, context.job.id, wait=False)
                while not context.should_stop():
                    time.sleep(0.02)
                raise TrainingStoppedError("the training was stopped")
            return oracle.evaluate(architecture, seed)

        return SimpleNamespace(evaluate=train, origin=oracle.origin)

    monkeypatch.setattr(search_job, "_oracle", stopped_in_the_fourth)
    with pytest.raises(JobCancelledError):
        search(store, spec)
    assert (store.jobs()[0].folder / CERTIFICATE).is_file()
    assert len(store.evaluations(spec.name)) == 3


def test_an_architecture_named_twice_is_trained_once(store, spec, trained):
    first = SearchSpace.from_dict(spec.space).architecture(0).id
    asked = replace(spec.search, include=(first, first), budget=1)
    search(store, replace(spec, search=asked))
    assert [name for name, _ in trained] == [first]


def test_several_seeds_are_averaged_and_a_missing_one_is_made_up_for(store, spec, trained):
    spec = replace(
        spec,
        training=replace(spec.training, seeds=3),
        search=replace(spec.search, budget=3, seed=7),
    )

    def stop(progress):
        if len(trained) == 3:
            raise KeyboardInterrupt

    with pytest.raises(JobCancelledError):
        search(store, spec, on_step=stop)
    name = trained[0][0]
    with store.database.writing() as connection:  # as if killed before the third was stored
        connection.exec_driver_sql("DELETE FROM evaluations WHERE seed = 9")
    trained.clear()
    assert read_answer(store, "reviews").evaluations == 0
    resume(store, store.jobs()[0].id, detach=False)
    assert trained[0] == (name, 9)
    assert {seed for _, seed in trained} == {7, 8, 9}
    assert all(point.seeds == 3 for point in read_answer(store, "reviews").points)


def test_minutes_end_the_search(store, spec, trained):
    minutes = replace(spec.search, budget=None, minutes=0.5)  # 14 s each
    assert search(store, replace(spec, search=minutes))["evaluations"] == 3


def audited(spec, count=9, **search):
    return replace(spec, search=replace(spec.search, audit=count, **search))


def test_an_audit_changes_no_answer_and_resumes_where_it_stopped(store, spec, trained):
    plain = search(store, spec)
    name = replace(spec, name="audited")
    trained.clear()
    drawn = []

    def stop(progress):
        if drawn or progress.stage is Stage.AUDITING:
            drawn.append(progress.stage)
        if progress.stage is Stage.AUDITING and progress.done == 4:
            raise KeyboardInterrupt

    with pytest.raises(JobCancelledError):
        search(store, audited(name), on_step=stop)
    half = read_answer(store, "audited").audit
    assert set(drawn) == {Stage.AUDITING}  # none of them was picked
    assert (half.trained, half.result) == (4, None)
    answer = resume(store, store.jobs()[0].id, detach=False)
    audit = answer["audit"]
    assert audit["drawn"] == list(half.drawn)
    assert [t for t, _ in trained[14:]] == audit["drawn"]
    assert (audit["number"], audit["trained"], audit["population"]) == (1, 9, 370)
    assert audit["confidence"] == 0.975
    for key in ("front", "cover", "best", "evaluations", "certified_epsilon", "ranking"):
        assert answer[key] == plain[key]
    assert verify(json.loads(Path(answer["certificate"]).read_text())) == []


def test_a_further_audit_spends_half_and_a_longer_search_uses_both(store, spec, trained):
    search(store, audited(spec))
    second = search(store, audited(spec))["audit"]
    first = AuditPlan.from_dict(store.audits("reviews")[0].plan)
    assert (second["number"], second["confidence"]) == (2, 0.9875)
    assert second["population"] == 370 - len(first.drawn)
    content = json.loads(Path(read_answer(store, "reviews").certificate).read_text())
    assert [a["alpha"] for a in content["audits"]] == [0.025, 0.0125]
    with store.database.reading():
        assert compare_with_store(content, store) == []
    without = copy.deepcopy(content)
    with store.database.writing() as connection:
        row = connection.exec_driver_sql("SELECT * FROM audits WHERE number = 2").one()._mapping
        connection.exec_driver_sql("DELETE FROM audits WHERE number = 2")
    without["audits"].pop()
    told = " ".join(compare_with_store(without, store))
    assert "audit 2 was recorded, but the store has it no longer" in told
    with store.database.writing() as connection:
        connection.execute(schema.audits.insert().values({**row, "plan": json.loads(row["plan"])}))
    content["audits"].pop()
    assert "not in the certificate" in " ".join(compare_with_store(content, store))
    trained.clear()
    longer = search(store, replace(spec, search=replace(spec.search, budget=40)))
    assert longer["audit"] is None
    assert longer["evaluations"] == 14 + 18 + len(trained)
    assert verify(json.loads(Path(longer["certificate"]).read_text())) == []
    again = read_answer(store, "reviews")
    assert again.evaluations == longer["evaluations"]


def test_an_audit_that_was_not_finished_stays_in_the_certificate(store, spec, trained):
    def stop(progress):
        if progress.stage is Stage.AUDITING and progress.done == 4:
            raise KeyboardInterrupt

    with pytest.raises(JobCancelledError):
        search(store, audited(spec), on_step=stop)
    longer = search(store, audited(spec, budget=24))
    content = json.loads(Path(longer["certificate"]).read_text())
    assert verify(content) == []
    first, second = content["audits"]
    assert (first["errors"], first["alpha"]) == (None, 0.025)
    assert (second["plan"]["number"], second["alpha"]) == (2, 0.0125)
    assert compare_with_store(content, store) == []
    assert certificate_statements(content)[0] == "number 1 was not finished"
    without = copy.deepcopy(content)
    without["audits"].pop(0)
    assert verify({**without, "digests": digests(without)})
    claimed = copy.deepcopy(content)
    claimed["audits"][1] |= dict.fromkeys(("errors", "failed", "population"))
    assert verify({**claimed, "digests": digests(claimed)})


def test_audits_are_offered_by_what_they_would_say(store, spec, trained):
    search(store, spec)
    answer = read_answer(store, "reviews")
    assert answer.guarantee is Guarantee.CONDITIONAL
    smallest = answer.audit_offers[0]
    assert (smallest.draws, smallest.confidence) == (16, 0.975)
    assert audit_offer_rows(answer)[0] == (
        "16",
        "about 3 min 44 s",  # 14 s each
        "at most 20% of the rest uncovered, 97.5% confidence",
    )
    search(store, audited(spec, count=16))
    again = read_answer(store, "reviews")
    assert again.audit.result.uncovered_at_most <= 0.2 * 370
    assert again.audit_offers[0].confidence == 0.9875


def test_recorded_studies_keep_their_audits(store, spec, trained):
    answer = search(store, audited(spec))
    recorded = export_study(store, "reviews")
    store.delete(Thing(ThingKind.STUDY, "reviews"))
    import_study(store, recorded)
    found = read_answer(store, "reviews").as_json()
    assert found["audit"] == answer["audit"]
    assert found["front"] == answer["front"]


def test_progress_tells_what_is_certified(store, spec, trained):
    seen = []
    search(store, spec, on_step=seen.append)
    last = seen[-1]
    assert last.done == last.total == 14
    assert last.numbers["certified_epsilon"] == read_answer(store, "reviews").certified_epsilon
    assert [s.numbers["evaluations"] for s in seen if "evaluations" in s.numbers] == [*range(1, 15)]


def test_reading_before_anything_is_measured(store):
    store.create_study(made_up_spec("new"))
    answer = read_answer(store, "new")
    assert answer.points == ()
    assert answer.best is None
    assert answer.as_json()["certified_epsilon"] is None


def test_mistakes_are_told_in_one_line(store, spec):
    with pytest.raises(UnknownStudyError, match="there is no study 'nobody'"):
        read_answer(store, "nobody")
    with pytest.raises(UnknownStudyError, match="no study yet"):
        latest_study(store)
    store.create_study(spec)
    with pytest.raises(InvalidFieldError, match="epsilon must be"):
        read_answer(store, "reviews", epsilon=-1)


def test_new_studies_are_numbered(store):
    names = [store.create_numbered_study(made_up_spec("quick")).name for _ in range(3)]
    assert names == ["quick", "quick-2", "quick-3"]
