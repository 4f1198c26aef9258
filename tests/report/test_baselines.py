"""What is said about baselines, teacher and a model that they beat."""

from dataclasses import replace
from types import SimpleNamespace

from bort.core.baseline import Method, OracleFacts, Scored
from bort.report.baselines import baselines_sentence, beaten_sentence, teacher_sentence


def score(*methods, error):
    return Scored(
        methods=methods, error_rate=error, low=error - 0.01, high=error + 0.01, macro_f1=0.5, n=900
    )


FACTS = OracleFacts(
    source="s",
    source_sha256="ab",
    teacher="s fine-tuned",
    teacher_dev_error=0.06,
    device="cpu",
    threads=2,
    teacher_methods=(Method.FINETUNED, Method.PROBE),
    baselines=(score(Method.MAJORITY, error=0.9), score(Method.TFIDF, error=0.11)),
    teachers=(
        score(Method.FINETUNED, Method.PROBE, error=0.06),
        score(Method.FINETUNED, error=0.07),
    ),
)


def answer(*errors):
    points = [SimpleNamespace(id=f"{i}-1", error_rate=error) for i, error in enumerate(errors)]
    return SimpleNamespace(facts=FACTS, front=points)


def test_baselines_and_teacher_are_told_with_intervals():
    assert baselines_sentence(FACTS) == (
        "Errors on 900 dev texts, with 95% intervals: majority 90.0% (89.0 to 91.0), "
        "tf-idf 11.0% (10.0 to 12.0), the teacher 6.0% (5.0 to 7.0)."
    )
    assert "the mean of the fine-tuned source network and a linear probe" in teacher_sentence(FACTS)


def test_words_that_the_source_network_does_not_know_are_told():
    said = teacher_sentence(replace(FACTS, unknown_share=0.009))
    assert said.endswith(
        "The source network does not know 0.9% of the words and pieces in these texts."
    )
    said = teacher_sentence(replace(FACTS, unknown_share=0.3135))
    assert said.startswith(teacher_sentence(FACTS))
    assert "s does not know 31% of the words and pieces" in said


def test_a_front_that_a_baseline_beats_says_so_first():
    said = beaten_sentence(answer(0.2, 0.15))
    assert said.startswith("Beaten so far: tf-idf with logistic regression gets 11.0% of dev wrong")
    assert "--pick 1-1" in said
    assert beaten_sentence(answer(0.2, 0.10)) == ""


def test_studies_of_before_have_nothing_to_say():
    old = replace(FACTS, baselines=(), teachers=())
    assert baselines_sentence(old) == teacher_sentence(old) == ""
    assert beaten_sentence(SimpleNamespace(facts=None, front=[])) == ""
