"""The sentences that people read, made from codes and numbers."""

import dataclasses
import json
from dataclasses import replace
from typing import Any

import pytest

from bort.agora.loop import Ending, ErrorRate, Verdict
from bort.agora.loop.labelers import Appraisal, LabelerDoubt
from bort.agora.maps import Kept
from bort.agora.world import FinalResult, RoundSummary
from bort.core.machine import Difference
from bort.core.origin import Origin
from bort.core.progress import Progress, Stage
from bort.core.question import Goal, Question
from bort.core.serialise import to_json
from bort.finetuning.realised import (
    AuditAccuracy,
    DevAccuracy,
    Exported,
    Realised,
    RealisedLatency,
    TeacherResult,
)
from bort.finetuning.realised import Difference as Gain
from bort.latency.landmarks import Claim, Figure
from bort.latency.noise import Disturbance, Finding, Noise, NoiseReading, When
from bort.report import agora, agora_map, deleting, latency, models, search, trying
from bort.report import jobs as job_words
from bort.report.data import data_warning
from bort.report.events import event_sentence
from bort.report.ledger import spot_check_statement, spot_checked_epsilon, words
from bort.search import Ending as SearchEnding
from bort.search import Guarantee
from bort.search.facts import (
    CODES,
    Audited,
    DevErrors,
    ErrorsFloored,
    EveryRowCounts,
    Excluded,
    LambdaEstimated,
    LambdaGiven,
    LambdaNotNeeded,
    LambdaUnknown,
    LambdaUntested,
    LatencyListed,
    LatencyModelled,
    LatencyRefused,
    Maximised,
    Monotone,
    PopulationErrors,
    Predictions,
    Scales,
    SeedNoise,
    SizesKnown,
    SpotChecked,
    Uncovered,
    fact_from_dict,
)
from bort.storage import (
    Deletion,
    EndingCode,
    EventCode,
    JobEvent,
    JobRecord,
    JobState,
    Thing,
    ThingKind,
)
from bort.storage import Ending as JobEnding
from bort.studies.agora import read_result
from bort.studies.answers.rows import Columns
from bort.studies.answers.values import TableAnswer
from bort.tasks import DataFlaw, DataWarning

QUIET = NoiseReading(reference_ms=1.0, spread=0.05, others_share=0.01, ratio_spread=0.03)


@pytest.mark.parametrize(
    ("code", "value", "limit", "said"),
    [
        (Disturbance.OTHERS, 0.4, 0.1, "other processes took 40% of the CPU (at most 10% allowed)"),
        (Disturbance.RATIO, 0.41, 0.25, "the ratio of two workloads run in turns varied by 41%"),
        (Disturbance.RESOLUTION, 0.2, 0.04, "two architectures must differ by 20.0% to be told"),
        (Disturbance.DRIFT, 0.3, 0.1, "the whole machine became 30% slower during the measurement"),
        (Disturbance.PACE, 0.2, 0.08, "20% slower than on 2026-11-01, when its pace was measured"),
    ],
)
def test_why_a_measurement_cannot_be_trusted(
    code: Disturbance, value: float, limit: float, said: str
) -> None:
    finding = Finding(code, When.AFTER, value, limit, "2026-11-01T00:00:00+00:00")
    words = latency.finding_words(finding)
    assert words.startswith("after: ")
    assert said in words
    assert ("--new-pace" in words) is (code is Disturbance.PACE)


def test_what_a_quiet_machine_can_tell_apart() -> None:
    assert latency.noise_sentence(Noise(QUIET, QUIET, 0.01, 0.021)) == (
        "Quiet enough: architectures that differ by 2.1% or more can be ranked; other processes "
        "took 1% of the CPU."
    )
    assert "two architectures can be ranked" in latency.noise_sentence(Noise(QUIET, QUIET, 0.01))


def test_a_pace_that_is_corrected_for_is_mentioned() -> None:
    noise = Noise(QUIET, QUIET, 0.01, pace_change=-0.05, pace_since="2026-11-01", pace_models=9)
    assert latency.warning_sentence(noise.warnings[0]) == (
        "Note: the whole machine was 5% faster than on 2026-11-01, when its pace was measured; "
        "milliseconds are stated at that pace."
    )


def test_another_machine_is_described_by_what_differs() -> None:
    found = [Difference("cpu", "A", "B"), Difference("torch", "2.8", "absent")]
    assert latency.origin_sentence(found) == (
        "Measured on another machine or software: CPU A against B; torch 2.8 against absent."
    )
    assert "a machine like this one" in latency.origin_sentence([])


@pytest.mark.parametrize(
    ("interval", "said"),
    [((15.2, 16.9), "is not reached"), ((19, 21), "holds"), ((21, 22), "is exceeded")],
)
def test_an_announced_speed_is_judged(interval: tuple[float, float], said: str) -> None:
    claim = Claim(Figure.SPEED, 20, sum(interval) / 2, *interval, "BERT-large")
    assert latency.claim_sentence(claim).endswith(f"The announced 20 times {said} here.")


def test_a_share_is_compared_in_words() -> None:
    claim = Claim(Figure.SHARE, 0.055, 0.08)
    assert latency.claim_sentence(claim) == (
        "Without embeddings 8.0% of BERT-large, published as 5.5%."
    )


MODEL = Realised(
    model="reviews-1-2",
    study="reviews",
    task="reviews",
    architecture={"depth": 1, "heads": 2},
    architecture_id="1-2",
    seeds=(0, 1),
    dev=DevAccuracy(accuracy=0.83, n=630),
    audit=AuditAccuracy(accuracy=0.8, low=0.75, high=0.85, n=1630, macro_f1=0.7),
    exported=Exported(seed=1, dev_accuracy=0.84, audit_accuracy=0.81),
    teacher=TeacherResult(name="tiny fine-tuned", accuracy=0.9, low=0.8, high=1.0, macro_f1=0.9),
    share_of_teacher=0.8 / 0.9,
    difference_from_teacher=Gain(difference=-0.1, low=-0.14, high=-0.06),
    parameter_count=1000,
    latency_ms=1.0,
    latency={
        "onnx-int8": RealisedLatency(
            median_ms=1.0, low_ms=0.9, high_ms=1.1, workload="batch 1", noise_ok=False
        )
    },
    times_faster_than_teacher=2.0,
    dev_is_seen=True,
)


def test_a_trained_model_in_words() -> None:
    assert models.accuracy_sentence(MODEL) == (
        "On 1,630 audit texts, which no choice was based on, it is right 80.0% of the time (95% "
        "interval: 75.0% to 85.0%; mean of 2 seeds)."
    )
    assert models.teacher_sentence(MODEL) == (
        "It reaches 88.9% of the accuracy of its teacher (tiny fine-tuned: 90.0%) and is 2.0 times "
        "as fast."
    )
    assert models.remarks(MODEL) == [
        "Latency on onnx-int8: batch 1, measured in turns with the other models. The machine "
        "was busy, "
        "so the numbers are uncertain.",
        "Compared with its teacher on the same texts: -10.0 points (95% interval: -14.0 to "
        "-6.0; mean of 2 "
        "seeds).",
        models.DEV_IS_SEEN,
    ]


def test_classes_that_are_never_right_are_named() -> None:
    def said(*weakest: tuple[str, float]) -> str:
        return models.weakest_sentence(replace(MODEL, audit=replace(MODEL.audit, weakest=weakest)))

    assert said(("spam", 0.5), ("ham", 0.9)) == ""
    assert said(("spam", 0.0), ("ham", 0.9)) == (
        "It predicts no text of these classes rightly: spam."
    )
    many = [(f"c{i}", 0.0) for i in range(10)]
    assert said(*many) == (
        "Macro F1 is 0.700. The weakest classes by F1: c0 0.00, c1 0.00, c2 0.00, c3 0.00, c4 0.00."
        " It predicts no text of these classes rightly: c0, c1, c2, c3, c4, c5, c6, c7 and 2 more."
    )


@pytest.mark.parametrize(
    ("is_same", "ratio", "said"),
    [
        (False, 8.0, "They give different answers. The model was 8.0 times as fast here."),
        (True, 0.5, "Both give the same answer. The model took 2.0 times as long here."),
    ],
)
def test_a_model_beside_its_teacher_on_one_text(is_same: bool, ratio: float, said: str) -> None:
    assert models.verdict(is_same=is_same, times_as_fast=ratio) == said


def test_onnx_files_in_words() -> None:
    numbers = {"texts": 90, "difference": 1.07e-6, "int8_agreement": 0.99}
    known = models.onnx_sentences(are_audit=True, accuracies=(0.8, 0.8, 0.79), **numbers)
    assert known == [
        "Compared with PyTorch on 90 audit texts: logits differ by at most 1.1e-06 in float32; "
        "int8 (dynamic quantisation) gives the same answers for 99.0%.",
        "Accuracy: PyTorch 0.8000, float32 0.8000, int8 0.7900.",
    ]
    unknown = models.onnx_sentences(are_audit=False, accuracies=(None, None, None), **numbers)
    assert "90 texts of random tokens" in unknown[0]
    assert len(unknown) == 1


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (None, ""),
        (Ending.NO_ERRORS, "The run ended because no dev errors were left."),
        (Ending.ROUNDS, "The run ended because all rounds were used."),
        (Ending.POINTS, "The run ended because all points were used."),
        (Ending.TIME, "The run ended because the time ran out."),
        (Ending.NO_PROGRESS, "The run ended because the dev error stopped falling."),
        (Ending.NO_PROPOSALS, "The run ended because the samplers found nothing new."),
    ],
)
def test_how_good_the_last_student_is_and_why_a_run_ended(ending: Ending | None, said: str) -> None:
    final = FinalResult(
        dev_error=0.08, audit_error=0.1, gap=0.02, audit_low=0.09, audit_high=0.12, audit_n=1500,
        ending=ending,
    )  # fmt: skip
    numbers = (
        "Audit error 0.1000 (95%: 0.0900 to 0.1200, n 1,500), dev error 0.0800 (optimistic; "
        "gap +0.0200)."
    )
    assert agora.result_sentence(final) == f"{numbers} {said}".rstrip()


def test_why_a_labeler_should_not_be_trusted() -> None:
    chance = LabelerDoubt.NO_BETTER_THAN_CHANCE
    assert agora.doubt_sentence(Appraisal(ErrorRate(55, 100), 0.0, 0.5, chance)) == (
        "The labeler is no better than chance: it gets 55.0% of 100 dev examples wrong, "
        "guessing gets 50.0%. Its labels would do harm; choose another labeler."
    )
    silent = LabelerDoubt.ALWAYS_ABSTAINS
    assert agora.doubt_sentence(Appraisal(None, 1.0, 0.5, silent)) == (
        "The labeler abstains from every dev example. Lower its confidence threshold."
    )
    assert agora.doubt_sentence(Appraisal(ErrorRate(1, 100), 0.0, 0.5, None)) == ""


def test_every_verdict_has_words() -> None:
    assert agora.verdict_words(Verdict.COPY_OF_DEV) == "copy of dev"
    assert agora.verdict_words(Verdict.ACCEPTED, is_withdrawn=True) == "accepted, withdrawn"


@pytest.mark.parametrize("kind", ["pca", "tsne"])
def test_a_map_says_what_it_compares_and_how_well(kind) -> None:
    kept = Kept(0.43, 0.007)
    said = [agora_map.map_sentence(kind, by, kept) for by in ("source", "words", "student")]
    assert len(set(said)) == 3
    for sentence in said:
        assert "43% of an item's 10 nearest items are among the nearest here" in sentence
        assert "nothing moves" in sentence
    assert "coordinates on the torus" in agora_map.map_sentence(None, None, None)


def test_a_round_is_told_in_two_sentences() -> None:
    row = made_up_summary(proposed=9, accepted=7, refused={Verdict.KNOWN: 2})
    assert agora_map.round_sentence(row) == (
        "The student gets 12 dev items wrong. 9 points sampled near them: 7 accepted, 2 already "
        "known."
    )
    nothing = made_up_summary(proposed=0, accepted=0, refused={})
    assert agora_map.round_sentence(nothing).endswith("Nothing was sampled.")
    assert agora_map.headline([nothing]).startswith("Audit error 10.0%, 95% interval")


def made_up_summary(**counts: Any) -> RoundSummary:
    rates = {
        f"{split}_{key}": value
        for split in ("dev", "audit")
        for key, value in (("error", 0.1), ("low", 0.08), ("high", 0.12), ("n", 120))
    }
    return RoundSummary(
        round=0, train_size=90, errors_found=12, setting=0, surviving_hyperparameters=({},),
        replayed=None, ending=None, gap=0.0, near_dev=None, betti=(1, 0), coverage=None,
        **rates, **counts,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (
            JobEnding(EndingCode.DISK_FULL, message="the disk is full"),
            "The disk is full. Free some space and run `bort jobs resume 12`.",
        ),
        (JobEnding(EndingCode.CANCELLED), "It was cancelled."),
        (JobEnding(EndingCode.SIGNALLED, signal="SIGTERM"), "It ended early: stopped by SIGTERM."),
        (
            JobEnding(EndingCode.SILENT, host="elsewhere", silent_s=75.4),
            "It ended early: its process on elsewhere has sent no sign of life for 75 s.",
        ),
        (
            JobEnding(EndingCode.CRASHED, error="ValueError", message="boom"),
            "It ended early: ValueError: boom.",
        ),
        (
            JobEnding(EndingCode.FAILED, error="InvalidDataError", message="no text; name it."),
            "It ended early: no text; name it.",
        ),
    ],
)
def test_why_a_job_ended_early(ending: JobEnding, said: str) -> None:
    job = JobRecord(**{**dict.fromkeys(JobRecord.__slots__), "id": 12, "state": JobState.FAILED})
    assert job_words.ending_sentence(dataclasses.replace(job, ending=ending)) == said


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (Progress(), ""),
        (Progress(stage=Stage.TRAINING_CANDIDATES), "Training candidates"),
        (
            Progress(1, 9, Stage.TRAINING_CANDIDATES, "1-2", numbers={"error": 0.25}),
            "1-2: error 0.250",
        ),
        (
            Progress(40, 200, Stage.TRAINING_CANDIDATES, "1-2").within(Progress(1, 9)),
            "Training 1-2, 40 of 200",
        ),
        (
            Progress(3, 20, Stage.MEASURING, "onnx-int8"),
            "Measuring latency on onnx-int8, round 3 of 20",
        ),
        (
            Progress(2, 8, Stage.AGORA, "1-2", numbers={"round": 2, "loss": 0.5}),
            "Round 2 of Agora for 1-2: loss 0.500",
        ),
        (Progress(stage=Stage.WAITING_FOR_TRAINING), "Waiting for another training to end"),
        (
            Progress(stage=Stage.WAITING_FOR_QUIET, numbers={"share": 0.42, "limit": 0.1}),
            "Waiting to measure latency: other programs take 42% of the CPU, and more than 10% "
            "spoils it",
        ),
    ],
)
def test_what_a_job_is_doing(step: Progress, said: str) -> None:
    assert job_words.sentence(step) == said


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_has_words(stage: Stage) -> None:
    numbers = {"round": 1, "texts": 3, "share": 0.4, "limit": 0.1}
    assert (job_words.sentence(Progress(1, 2, stage, "it", numbers=numbers)) == "") == (
        stage is Stage.STARTING
    )


QUIET_NOISE = Noise(before=QUIET, after=QUIET, others_share=0.01, drift=0.07)
SPEED = Claim(Figure.SPEED, 20, 16, 15.2, 16.9, "BERT-large")
EVENTS = {
    EventCode.NOTE: {"text": "what an older bort said"},
    EventCode.WARNING: {"text": "what an older bort said"},
    EventCode.ATTEMPT_BEGAN: {"attempt": 1},
    EventCode.CANCEL_REQUESTED: {},
    EventCode.MEASURE_ANYWAY: {},
    EventCode.ENDED: {"state": "lost", "ending": {"code": "process gone", "pid": 7}},
    EventCode.PLANNED: {
        "stages": [["queue", 15.0], ["queue", None]],
        "minutes": 0.25,
    },
    EventCode.TRAINED: {"architecture": "1-2-64-128", "seed": 0, "error": 0.25, "seconds": 3.0},
    EventCode.MINUTES_SPENT: {"minutes": 3.0},
    EventCode.SEARCH_ENDED: {"ending": "certified"},
    EventCode.AUDIT_CONTINUED: {"number": 2},
    EventCode.NOTHING_TO_AUDIT: {},
    EventCode.TRAINING_FINISHED: {
        "task": "reviews",
        "training": "finetune",
        "steps": 40,
        "dev_error": 0.2,
        "chosen_step": 30,
    },
    EventCode.PROFILE_STORED: {"profile": "laptop"},
    EventCode.DATA_FLAW: to_json(DataWarning(DataFlaw.TEMPLATED, rows=80)),
    EventCode.LABELER_DOUBTED: to_json(
        Appraisal(None, 1.0, 0.5, LabelerDoubt.ALWAYS_ABSTAINS),
    ),
    EventCode.MAP_WITHOUT_VECTORS: {"message": "the disk is full"},
    EventCode.TEACHER_READY: {
        "source": "tiny",
        "source_sha256": "ab",
        "teacher": "tiny fine-tuned",
        "teacher_dev_error": 0.1,
        "majority_dev_error": 0.5,
        "device": "cpu",
        "threads": 2,
        "baselines": [
            {
                "methods": ["tfidf"],
                "error_rate": 0.2,
                "low": 0.18,
                "high": 0.22,
                "macro_f1": 0.8,
                "n": 900,
            }
        ],
    },
    EventCode.AUDIT_JUDGED: {
        "number": 1,
        "goal": "cover",
        "epsilon": 0.25,
        "alpha": 0.05,
        "drawn": 30,
        "population": 300,
        "failed": 0,
        "uncovered_at_most": 27,
    },
    EventCode.MACHINE_NOISE: QUIET_NOISE.to_dict(),
    EventCode.WINNERS_NOT_MEASURED: {"message": "latency is being measured"},
    EventCode.SPEED_COMPARED: {
        "runtime": "torch-float32",
        "landmark": "Bort",
        "batch_size": 1,
        "sequence_length": 128,
        "threads": 1,
        **SPEED.to_dict(),
    },
    EventCode.LOGGER_FAILED: {"logger": "mlflow", "error": "OSError", "message": "away"},
    EventCode.WORKER_REFUSED: {"message": "worker 2 has torch 2.12, and the search 2.13"},
    EventCode.FILES_NOT_PUSHED: {"message": "the files at s3://bort cannot be reached"},
}


def said_of(code: EventCode) -> str:
    return event_sentence(JobEvent(0.0, "info", code, json.loads(json.dumps(EVENTS[code]))))


@pytest.mark.parametrize("code", EventCode)
def test_every_event_has_words(code: EventCode) -> None:
    assert said_of(code)


def test_what_events_say() -> None:
    assert said_of(EventCode.DATA_FLAW) == data_warning(DataWarning(DataFlaw.TEMPLATED, rows=80))
    assert said_of(EventCode.WARNING) == "what an older bort said"
    assert said_of(EventCode.MACHINE_NOISE) == (
        "Note: the whole machine became 7% slower during the measurement."
    )
    assert said_of(EventCode.SPEED_COMPARED) == (
        "torch-float32, batch 1, 128 tokens, 1 thread: Bort is 16.0 times as fast as BERT-large "
        "(15.2 to 16.9). The announced 20 times is not reached here."
    )
    assert said_of(EventCode.AUDIT_JUDGED).startswith("audit 1: 30 of 300 were audited at random")
    assert said_of(EventCode.TEACHER_READY) == (
        "The teacher tiny fine-tuned has dev error 10.0%. "
        "Errors on 900 dev texts, with 95% intervals: tf-idf 20.0% (18.0 to 22.0)."
    )


def test_what_makes_data_misleading() -> None:
    said = data_warning(DataWarning(DataFlaw.CLASSES_ABSENT, split="audit", classes=("A", "B")))
    assert said == (
        "The audit split has no text of the classes A, B, so results on audit say nothing about "
        "them."
    )


def test_a_run_as_json_has_its_warnings_as_sentences_and_as_codes() -> None:
    flaw = DataWarning(DataFlaw.TEMPLATED, rows=80)
    run = read_result(
        {
            "study": "it",
            "task": "it",
            "job": 1,
            "rounds": [],
            "final": None,
            "seconds": 0,
            "warnings": [to_json(flaw), "what an older bort said"],
        }
    )
    shown = agora.run_json(run)
    assert shown["warnings"] == [data_warning(flaw), "what an older bort said"]
    assert shown["data_warnings"] == (to_json(flaw), "what an older bort said")


def test_what_keeps_a_thing_from_being_deleted() -> None:
    study = Thing(ThingKind.STUDY, "reviews")
    jobs = [Thing(ThingKind.JOB, str(n)) for n in (3, 4)]
    models = [Thing(ThingKind.MODEL, f"m{n}") for n in range(7)]
    said = deleting.still_used
    assert said(Deletion(study, (), {})) == ""
    assert said(Deletion(study, tuple(models[:1]), {})) == (
        "The study 'reviews' is still used by the model 'm0'. Delete it first."
    )
    assert said(Deletion(study, (*jobs, *models), {})) == (
        "The study 'reviews' is still used by the models m0, m1, m2, m3, m4 and 2 more and jobs 3 "
        "and 4. Delete them first."
    )
    assert said(Deletion(study, tuple(jobs), {})) == (
        "The study 'reviews' is still used by jobs 3 and 4. Cancel them first: bort jobs cancel "
        "3, bort jobs cancel 4"
    )
    assert said(Deletion(jobs[0], (jobs[0],), {})) == (
        "Job 3 is still running. Cancel it first: bort jobs cancel 3"
    )


def spot_checked(epsilon: float | None) -> SpotChecked:
    return SpotChecked(
        goal=Goal.COVER,
        space_size=300,
        drawn=90,
        trained=70,
        statements=(
            Uncovered(share=0.1, at_most=30, alpha=0.0125, epsilon=epsilon),
            Uncovered(share=0.05, at_most=15, alpha=0.025, epsilon=None),
            Uncovered(share=0.01, at_most=3, alpha=0.0125, epsilon=None),
        ),
    )


def test_what_spot_checks_say() -> None:
    assert spot_check_statement(spot_checked(0.0302)) == (
        "90 of 300 were drawn at random, 70 of them trained for it. With 95% confidence, at most "
        "this share of the space is uncovered, on this dev set: 10% at ε = 0.0302"
    )
    assert spot_check_statement(spot_checked(None)) == (
        "90 of 300 were drawn at random, 70 of them trained for it. That is too few to say more; "
        "44 draws in a row without a failure say at most 10% uncovered"
    )
    assert spot_checked_epsilon([spot_checked(0.03)]) == (0.1, 0.03)
    assert spot_checked_epsilon([spot_checked(None)]) is None


FACTS = (
    DevErrors(),
    PopulationErrors(confidence=0.95, architectures=384, compares_pairs=True),
    SizesKnown(are_listed=False),
    LatencyListed(),
    LatencyModelled(band=0.06, epsilon=0.25),
    LatencyRefused(),
    LambdaNotNeeded(record=Predictions()),
    LambdaUnknown(anchors=3),
    LambdaUntested(anchors=6, predictions=1, wanted=4),
    LambdaEstimated(pairs=66, record=Predictions(made=8), goal=Goal.COVER, certified_epsilon=0.25),
    LambdaGiven(
        record=Predictions(made=9, violated=2, worst_excess=0.1, worst_pair=("a", "b")),
        goal=Goal.BEST,
        certified_epsilon=None,
    ),
    SeedNoise(nugget=0.0, is_measured=False),
    Monotone(slack=0.1, pairs=7, worst_ratio=1.3),
    Scales(scales={"depth": "log", "optimiser": "category"}),
    ErrorsFloored(count=2, floor=0.0025, n=200),
    Excluded(count=3),
    spot_checked(0.03),
    Audited(
        number=2,
        goal=Goal.COVER,
        epsilon=0.25,
        alpha=0.025,
        drawn=20,
        population=300,
        failed=0,
        uncovered_at_most=41,
        is_refuting=False,
        outside=1,
        worst_excess=0.05,
    ),
    EveryRowCounts(),
    Maximised(objectives=("accuracy",)),
)


def test_every_fact_of_the_ledger_has_words_and_survives_json() -> None:
    assert {fact.code for fact in FACTS} == set(CODES)
    for fact in FACTS:
        assumption, evidence = words(fact)
        assert assumption
        assert evidence.endswith((".", ".)"))
        assert fact_from_dict(json.loads(json.dumps(fact.to_dict()))) == fact


def test_what_an_estimated_lambda_a_broken_one_and_an_audit_say() -> None:
    said = {fact.code: words(fact).evidence for fact in FACTS}
    assert said["lambda-estimated"] == (
        "λ is estimated (twice the envelope of 66 pairs; 0 of 8 predictions violated). If it "
        "holds, every architecture is covered within a factor of 1.25."
    )
    assert said["lambda-given"] == (
        "Your λ does not hold: 2 of 9 predictions violated, the worst by 0.11 of the error "
        "(a against b)."
    )
    assert said["audited"] == (
        "20 of 300 were audited at random and 0 failed. With 97.5% confidence at most 41 of 300 "
        "are uncovered at ε = 0.25, on this dev set. Outside what λ predicts: 1 error, the worst "
        "by 5.1%."
    )
    assert "at most 1.13 times as large for the true one" in said["latency-modelled"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "9 of 384 rows evaluated. Nothing is certified yet."),
        (
            {"certified_epsilon": 0.25, "guarantee": Guarantee.CONDITIONAL},
            "If the estimated λ holds: every architecture is within 25.0% of an evaluated one in "
            "size, latency and dev error.",
        ),
        (
            {"certified_epsilon": 0.11748, "guarantee": Guarantee.PROVED, "cover": (3, 5)},
            "Guaranteed: every architecture is within 11.8% of an evaluated one in size, latency "
            "and dev error; the 2 in the cover are enough for 25.0%.",
        ),
        (
            {
                "certified_epsilon": 0.1,
                "guarantee": Guarantee.PROVED,
                "question": Question(goal=Goal.BEST),
            },
            "Guaranteed: the best W found is within 10.0% of the largest.",
        ),
        (
            {"ledger": (FACTS[10],)},
            "An assumption is violated, so nothing is certified: Your λ does not hold",
        ),
        (
            {"ending": SearchEnding.LIMITED_BY_NOISE},
            "Noise limits the search: every architecture that could still win",
        ),
    ],
)
def test_what_a_search_certifies(changes: dict, said: str) -> None:
    answer = TableAnswer(
        question=Question(),
        columns=Columns("size", "latency", "error"),
        space_size=384,
        evaluations=9,
        evaluation_bound=300,
        certified_epsilon=None,
        front=(),
        cover=None,
        best=None,
        w_ratio=None,
        excluded=(),
        guarantee=Guarantee.NONE,
        ending=None,
        points=(),
        ranking=(),
        audit=None,
        ledger=(),
        seconds=0.0,
        certificate=None,
    )
    assert said in search.summary(replace(answer, **changes))


def test_a_cancelled_job_is_not_called_cancelled_twice() -> None:
    assert job_words.state_words("cancelled", JobEnding(EndingCode.CANCELLED)) == "cancelled"
    interrupted = job_words.state_words("cancelled", JobEnding(EndingCode.INTERRUPTED))
    assert interrupted == "cancelled: interrupted"
    assert job_words.state_words("done", None) == "done"


def test_what_a_study_was_trained_on() -> None:
    origin = Origin(
        device="cpu",
        processor="AVX512 avx2 avx512f",
        threads=2,
        torch="2.9",
        transformers="4.57",
        host="laptop",
    )
    said = "Trained on laptop: cpu (AVX512 avx2 avx512f), threads: 2, torch 2.9, transformers 4.57."
    assert search.origin_sentence(origin, 0) == said
    assert search.origin_sentence(None, 0) == ""
    assert search.origin_sentence(origin, 3) == (
        f"{said} An older version made 3 trainings and did not record their texts, networks and "
        "processor, so nobody can check that their errors are comparable."
    )


@pytest.mark.parametrize(
    ("is_quiet", "said"),
    [(True, "in turns with the other models on a quiet machine"), (False, "was busy")],
)
def test_a_trial_never_contradicts_the_table(is_quiet: bool, said: str) -> None:
    latency = RealisedLatency(median_ms=1.0, low_ms=0.9, high_ms=1.1, workload="w",
                              noise_ok=is_quiet)  # fmt: skip
    sentence = trying.trial_sentence(1, latency, is_text_to_label=False)
    assert said in sentence
    assert "network alone" in sentence
    assert ("quiet" in sentence) == is_quiet
