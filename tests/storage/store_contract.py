"""The contract of every store, whatever its database."""

import dataclasses
from typing import Any

import pytest

from bort.core.baseline import OracleFacts
from bort.core.errors import (
    BusyError,
    InvalidOptionError,
    InvalidProfileError,
    StudyConflictError,
    UnknownJobError,
    UnknownStudyError,
)
from bort.core.evaluation import Evaluation
from bort.core.origin import Origin
from bort.core.progress import Progress, Stage
from bort.core.study import SearchSpec, StudySpec
from bort.storage import (
    Ending,
    EndingCode,
    Entry,
    EventCode,
    JobState,
    ProcessIdentity,
    ProfileKey,
    RecordFault,
    StillUsedError,
    Store,
    Thing,
    ThingKind,
)

EARLY = Ending(EndingCode.SILENT, host="elsewhere", silent_s=75.5)
PROCESS = ProcessIdentity("here", 123, 4.5, "boot")
KEY = ProfileKey("f1", "torch-float32", 1, 32, 2, "s1")


def study_spec(name: str = "reviews", **search: Any) -> StudySpec:
    return StudySpec(
        name=name,
        space={"name": "tiny", "dimensions": {"depth": [1, 2]}},
        search=SearchSpec.from_dict(search),
    )


class StoreContract:
    """Inherit from this class and add a fixture `store`."""

    # -- a study without results ----------------------------------------------------------

    def _job_on_a_study(self, store: Store) -> int:
        store.create_study(study_spec())
        job = store.create_job("search", {}, study="reviews")
        store.claim_job(job.id, 1, PROCESS)
        return job.id

    @pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
    def test_an_empty_study_goes_with_the_job_that_found_nothing(
        self, store: Store, state: JobState
    ) -> None:
        job = self._job_on_a_study(store)
        assert store.finish_job(job, 1, state, ending=EARLY)
        assert store.studies() == []
        assert store.job(job).study == "reviews"

    def test_a_filled_study_stays(self, store: Store) -> None:
        job = self._job_on_a_study(store)
        store.add_evaluation("reviews", "1", {"depth": 1}, Evaluation(0.2, 0.01, 100))
        store.finish_job(job, 1, JobState.FAILED, ending=EARLY)
        assert [study.name for study in store.studies()] == ["reviews"]

    def test_an_empty_study_stays_while_another_job_works_on_it(self, store: Store) -> None:
        job = self._job_on_a_study(store)
        other = store.create_job("search", {}, study="reviews")
        store.finish_job(job, 1, JobState.FAILED, ending=EARLY)
        assert [study.name for study in store.studies()] == ["reviews"]
        store.request_cancel(other.id)
        assert store.studies() == []

    def test_an_empty_study_of_a_finished_or_lost_job_stays(self, store: Store) -> None:
        job = self._job_on_a_study(store)
        assert not store.discard_empty_study("reviews")
        assert store.mark_lost(store.job(job), EARLY)
        assert [study.name for study in store.studies()] == ["reviews"]
        assert store.discard_empty_study("reviews")
        assert not store.discard_empty_study("reviews")

    # -- studies ---------------------------------------------------------------------------

    def test_a_study_comes_back_as_it_was(self, store: Store) -> None:
        spec = study_spec(weights=(1.0, 2.0, 0.5), lipschitz={"depth": 0.2})
        created = store.create_study(spec, profile="laptop")
        assert created == store.study("reviews")
        assert created.spec == spec
        assert (created.profile, created.is_example, created.evaluation_count) == (
            "laptop",
            False,
            0,
        )

    def test_the_same_settings_open_a_study_again(self, store: Store) -> None:
        first = store.create_study(study_spec())
        assert store.create_study(study_spec()).id == first.id

    def test_a_study_goes_on_with_another_budget(self, store: Store) -> None:
        first = store.create_study(study_spec(budget=3))
        again = store.create_study(study_spec(budget=30, minutes=2.0))
        assert again.id == first.id
        assert again.spec.search.budget == 30

    def test_other_settings_are_a_conflict_that_names_them(self, store: Store) -> None:
        store.create_study(study_spec())
        with pytest.raises(StudyConflictError, match=r"search\.epsilon was 0\.25, now 0\.1"):
            store.create_study(study_spec(epsilon=0.1))
        assert store.study("reviews").spec.search.question.epsilon == 0.25

    def test_studies_are_listed_newest_first(self, store: Store) -> None:
        for name in ("a", "b", "c"):
            store.create_study(study_spec(name))
        assert [study.name for study in store.studies()] == ["c", "b", "a"]

    def test_an_unknown_study_is_named_with_the_known(self, store: Store) -> None:
        with pytest.raises(UnknownStudyError, match="none is stored yet"):
            store.study("nope")
        store.create_study(study_spec())
        with pytest.raises(UnknownStudyError, match="'nope'; stored: reviews"):
            store.delete(Thing(ThingKind.STUDY, "nope"))

    def test_a_deleted_study_does_not_come_back(self, store: Store) -> None:
        study = store.create_study(study_spec())
        store.add_evaluation(study, "1", {"depth": 1}, Evaluation(0.1, 0.01, 100))
        store.delete(Thing(ThingKind.STUDY, "reviews"))
        with pytest.raises(UnknownStudyError):
            store.add_evaluation(study, "2", {"depth": 2}, Evaluation(0.1, 0.01, 100))
        assert store.studies() == []
        again = store.create_study(study_spec())
        assert again.id != study.id
        assert store.evaluations("reviews") == {}

    def test_a_study_at_work_is_not_deleted(self, store: Store) -> None:
        store.create_study(study_spec())
        job = store.create_job("search", {}, study="reviews")
        with pytest.raises(StillUsedError, match="still used") as caught:
            store.delete(Thing(ThingKind.STUDY, "reviews"))
        assert caught.value.deletion.used_by == (Thing(ThingKind.JOB, str(job.id)),)
        store.finish_job(job.id, 1, JobState.DONE)
        store.delete(Thing(ThingKind.STUDY, "reviews"))
        assert [job.study for job in store.jobs()] == ["reviews"]

    def test_a_study_remembers_its_profile(self, store: Store) -> None:
        store.create_study(study_spec())
        store.set_study_profile("reviews", "laptop")
        assert store.study("reviews").profile == "laptop"
        with pytest.raises(UnknownStudyError):
            store.set_study_profile("nope", "laptop")

    # -- evaluations -----------------------------------------------------------------------

    def test_evaluations_come_back_as_they_were(self, store: Store) -> None:
        study = store.create_study(study_spec())
        full = Evaluation(
            0.25,
            0.02,
            480,
            0.74,
            seed=3,
            steps=200,
            seconds=9.5,
            attempts=2,
            wrong_items=b"\x00\xff",
            origin=Origin(task="a1", device="cpu", threads=2, host="here"),
        )
        other = dataclasses.replace(full, seed=4, diverged=True, macro_f1=None)
        plain = Evaluation(0.5, 0.0, 10)
        for name, evaluation in (("2-96", full), ("1-96", plain), ("2-96", other)):
            assert store.add_evaluation(study, name, {"depth": 2}, evaluation)
        assert store.evaluations(study) == {"2-96": [full, other], "1-96": [plain]}
        assert list(store.evaluations("reviews")) == ["2-96", "1-96"]
        assert [r.architecture for r in store.evaluation_records(study)] == [{"depth": 2}] * 3
        assert store.study("reviews").evaluation_count == 3

    def test_what_has_begun_keeps_its_order_and_its_results(self, store: Store) -> None:
        store.create_study(study_spec())
        early = Evaluation(
            0.2, 0.01, 100, seed=3, wrong_items=b"\x00\xff", origin=Origin(threads=1)
        )
        for name in ("2", "1", "3"):
            store.set_begun("reviews", name, [])
        store.set_begun("reviews", "1", [early])
        assert store.begun("reviews") == {"2": [], "1": [early], "3": []}
        assert list(store.begun("reviews")) == ["2", "1", "3"]
        store.end_begun("reviews", "2")
        assert list(store.begun("reviews")) == ["1", "3"]
        store.create_study(study_spec("other"))
        assert store.begun("other") == {}
        with pytest.raises(UnknownStudyError):
            store.begun("none")

    def test_a_study_with_a_result_that_waits_for_its_turn_stays(self, store: Store) -> None:
        for name, done, left in (("a", [], 0), ("b", [Evaluation(0.2, 0.01, 100)], 1)):
            store.create_study(study_spec(name))
            store.set_begun(name, "1", done)
            store.discard_empty_study(name)
            assert len(store.studies()) == left

    def test_the_first_evaluation_of_a_seed_counts(self, store: Store) -> None:
        store.create_study(study_spec())
        first = Evaluation(0.1, 0.01, 100)
        assert store.add_evaluation("reviews", "1", {"depth": 1}, first)
        assert not store.add_evaluation("reviews", "1", {"depth": 1}, Evaluation(0.9, 0.01, 100))
        assert store.evaluations("reviews") == {"1": [first]}

    def test_all_trainings_of_a_study_have_one_origin(self, store: Store) -> None:
        store.create_study(study_spec())
        assert store.origin("reviews") is None
        old = Evaluation(0.1, 0.01, 100)
        here = dataclasses.replace(old, seed=1, origin=Origin(device="cpu", host="a"))
        moved = dataclasses.replace(old, seed=2, origin=Origin(device="cpu", host="b"))
        other = dataclasses.replace(old, seed=3, origin=Origin(device="cuda", host="a"))
        for evaluation in (old, here, moved):
            assert store.add_evaluation("reviews", "1", {"depth": 1}, evaluation)
        assert store.origin("reviews") == here.origin
        with pytest.raises(StudyConflictError, match="device cpu before, cuda now"):
            store.add_evaluation("reviews", "1", {"depth": 1}, other)
        assert store.study("reviews").evaluation_count == 3

    def test_of_an_older_study_only_the_facts_are_compared(self, store: Store) -> None:
        store.create_study(study_spec())
        facts = OracleFacts(
            source="s",
            source_sha256="s1",
            teacher="t",
            teacher_dev_error=0.1,
            device="cuda",
            threads=2,
            task_digest="t1",
        )
        store.set_study_facts("reviews", facts)
        assert store.origin("reviews") is None  # it has no errors yet
        store.add_evaluation("reviews", "1", {"depth": 1}, Evaluation(0.1, 0.01, 100))
        assert store.origin("reviews") == Origin(task="t1", source="s1", device="cuda", threads=2)

    # -- the record ------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("tamper", "fault"),
        [
            ("DELETE FROM evaluations WHERE seed = 1", RecordFault(Entry.EVALUATION, "1 seed 1")),
            (
                "UPDATE evaluations SET error_rate = 0.01 WHERE seed = 0",
                RecordFault(Entry.EVALUATION, "1 seed 0"),
            ),
            ("DELETE FROM audits", RecordFault(Entry.AUDIT, "1")),
            ("DELETE FROM record WHERE position = 1", RecordFault(None, "2")),
            ("UPDATE record SET facts = '{}' WHERE position = 0", RecordFault(None, "1")),
            (
                "DELETE FROM record WHERE position = 2",
                RecordFault(Entry.AUDIT, "1", is_unrecorded=True),
            ),
        ],
    )
    def test_what_was_evaluated_and_audited_is_recorded(
        self, store: Store, tamper: str, fault: RecordFault
    ) -> None:
        store.create_study(study_spec())
        for seed in (0, 1):
            found = Evaluation(0.1, 0.01, 100, seed=seed, wrong_items=b"\x01")
            store.add_evaluation("reviews", "1", {"depth": 1}, found)
        store.add_audit("reviews", {"number": 1, "drawn": (3, 4), "epsilon": 0.25}, job=1)
        store.close_audits("reviews")
        assert store.record_faults("reviews") == []
        with store.database.writing() as connection:
            connection.exec_driver_sql(tamper)
        assert store.record_faults("reviews") == [fault]

    def test_a_training_that_was_lost_and_made_again_is_no_fault(self, store: Store) -> None:
        store.create_study(study_spec())
        first = Evaluation(0.1, 0.01, 100)
        for again in (first, dataclasses.replace(first, error_rate=0.2)):
            store.add_evaluation("reviews", "1", {"depth": 1}, first)
            with store.database.writing() as connection:
                connection.exec_driver_sql("DELETE FROM evaluations")
            store.add_evaluation("reviews", "1", {"depth": 1}, again)
            is_same = again == first
            assert (store.record_faults("reviews") == []) == is_same

    # -- latency profiles ------------------------------------------------------------------

    def test_a_profile_is_found_by_name_and_by_key(self, store: Store) -> None:
        store.put_profile({"median_ms": [1.5]}, "laptop", key=KEY)
        assert store.profile("laptop").profile == {"median_ms": [1.5]}
        found = store.find_profile(KEY)
        assert found is not None
        assert (found.name, found.key) == ("laptop", KEY)
        assert store.find_profile(dataclasses.replace(KEY, threads=1)) is None
        store.delete(Thing(ThingKind.PROFILE, "laptop"))
        assert store.profiles() == []

    def test_another_profile_does_not_silently_take_a_name(self, store: Store) -> None:
        store.put_profile({"a": 1}, "laptop")
        store.put_profile({"a": 1}, "laptop")
        with pytest.raises(
            InvalidProfileError, match="there is already a latency profile 'laptop'"
        ):
            store.put_profile({"a": 2}, "laptop")
        assert store.put_profile({"a": 2}, "laptop", replace=True).profile == {"a": 2}
        with pytest.raises(InvalidProfileError, match="'desktop'; stored profiles: laptop"):
            store.profile("desktop")

    # -- jobs ------------------------------------------------------------------------------

    def test_the_life_of_a_job(self, store: Store) -> None:
        job = store.create_job("search", {"epsilon": 0.1}, study="s")
        assert (job.state, job.attempt, job.spec) == (JobState.QUEUED, 1, {"epsilon": 0.1})
        assert job.folder.is_dir()
        running = store.claim_job(job.id, 1, PROCESS)
        assert running is not None
        assert (running.state, running.process) == (JobState.RUNNING, PROCESS)
        progress = Progress(
            1, 4, Stage.AUDITING, "one", 2.5, {"certified_epsilon": None, "n": 3, "e": 0.5}
        )
        assert store.heartbeat(job.id, 1, progress) == (True, False)
        assert store.job(job.id).progress == progress
        assert store.finish_job(job.id, 1, JobState.DONE, result={"front": []})
        done = store.job(job.id)
        assert (done.state, done.result, done.progress) == (JobState.DONE, {"front": []}, progress)
        assert done.seconds >= 0

    def test_one_process_claims_a_job(self, store: Store) -> None:
        job = store.create_job("search", {})
        assert store.claim_job(job.id, 1, PROCESS)
        assert store.claim_job(job.id, 1, PROCESS) is None

    def test_an_overtaken_attempt_writes_nothing(self, store: Store) -> None:
        job = store.create_job("search", {})
        running = store.claim_job(job.id, 1, PROCESS)
        assert running is not None
        assert store.mark_lost(running, EARLY)
        again = store.requeue_job(job.id, is_detached=False)
        assert (again.state, again.attempt, again.process) == (JobState.QUEUED, 2, None)
        assert store.claim_job(job.id, 1, PROCESS) is None
        assert not store.heartbeat(job.id, 1).is_ours
        assert not store.finish_job(job.id, 1, JobState.DONE)
        assert store.job(job.id) == again

    def test_a_job_that_moved_on_is_not_lost(self, store: Store) -> None:
        job = store.create_job("search", {})
        assert store.claim_job(job.id, 1, PROCESS)
        assert not store.mark_lost(job, EARLY)
        assert store.job(job.id).state is JobState.RUNNING

    def test_cancelling(self, store: Store) -> None:
        waiting = store.create_job("search", {})
        assert store.request_cancel(waiting.id).state is JobState.CANCELLED
        running = store.create_job("search", {})
        store.claim_job(running.id, 1, PROCESS)
        assert store.request_cancel(running.id).state is JobState.RUNNING
        assert store.heartbeat(running.id, 1) == (True, True)
        store.finish_job(running.id, 1, JobState.CANCELLED, ending=EARLY)
        with pytest.raises(BusyError, match="already cancelled"):
            store.request_cancel(running.id)

    def test_what_cannot_be_resumed(self, store: Store) -> None:
        job = store.create_job("search", {})
        with pytest.raises(BusyError, match="is queued"):
            store.requeue_job(job.id, is_detached=True)
        store.finish_job(job.id, 1, JobState.DONE)
        with pytest.raises(InvalidOptionError, match="is done"):
            store.requeue_job(job.id, is_detached=True)

    def test_jobs_are_filtered_newest_first(self, store: Store) -> None:
        for kind, study in (("search", "a"), ("agora", "a"), ("search", "b")):
            store.create_job(kind, {}, study=study)
        store.finish_job(store.jobs()[0].id, 1, JobState.DONE)
        assert [job.study for job in store.jobs(kind="search")] == ["b", "a"]
        assert [job.kind for job in store.jobs(study="a")] == ["agora", "search"]
        assert [job.study for job in store.jobs(states=[JobState.DONE])] == ["b"]
        assert len(store.jobs(limit=2)) == 2

    def test_a_job_is_deleted_with_its_history_and_folder(self, store: Store) -> None:
        job = store.create_job("search", {})
        store.log_event(job.id, EventCode.CANCEL_REQUESTED)
        with pytest.raises(BusyError, match="still used"):
            store.delete(Thing(ThingKind.JOB, str(job.id)))
        store.finish_job(job.id, 1, JobState.FAILED, ending=EARLY)
        assert store.job(job.id).ending == EARLY
        store.delete(Thing(ThingKind.JOB, str(job.id)))
        assert store.events(job.id) == []
        assert not job.folder.exists()
        assert store.create_job("search", {}).id != job.id
        with pytest.raises(UnknownJobError):
            store.delete(Thing(ThingKind.JOB, str(job.id)))
        for call in (store.job, store.request_cancel):
            with pytest.raises(UnknownJobError):
                call(job.id)

    def test_history(self, store: Store) -> None:
        job = store.create_job("search", {})
        for n in range(3):
            level = "warning" if n else "info"
            store.log_event(job.id, EventCode.ATTEMPT_BEGAN, {"attempt": n}, level=level)
        assert [(e.level, e.code, e.facts) for e in store.events(job.id, limit=2)] == [
            ("warning", EventCode.ATTEMPT_BEGAN, {"attempt": 1}),
            ("warning", EventCode.ATTEMPT_BEGAN, {"attempt": 2}),
        ]
        with pytest.raises(UnknownJobError):
            store.log_event(job.id + 1, EventCode.CANCEL_REQUESTED)

    def test_series(self, store: Store) -> None:
        job = store.create_job("search", {})
        for step, value in ((1, 0.5), (2, float("nan")), (1, 0.25)):
            store.add_metrics(job.id, step, {"loss": value, "speed": 2.0})
        store.add_metrics(job.id, 0, {"epsilon": None})
        assert store.metrics(job.id) == {
            "epsilon": [(0, None)],
            "loss": [(1, 0.25), (2, None)],
            "speed": [(1, 2.0), (2, 2.0)],
        }
        with pytest.raises(UnknownJobError):
            store.add_metrics(job.id + 1, 1, {"loss": 0.5})
