"""Who beats whom."""

import numpy as np
import pytest

from bort.core.rivals import Compared, Comparison, Gain, PerText, RivalKind, Verdict
from bort.report.rivals import verdict_sentences
from bort.rivals.verdicts import Contender, gain, verdict


def contender(size, ms, right, n=1000):
    answers = np.arange(n) < round(right * n)
    return Contender(size, {1: ms, 32: ms / 4}, answers)


def test_the_gain_of_paired_answers():
    ours = np.array([True, True, False, True])
    theirs = np.array([True, False, False, False])
    found = gain(ours, theirs)
    # The differences 0, 1, 0, 1: mean 1/2, standard deviation sqrt(1/3).
    assert found.difference == pytest.approx(0.5)
    assert found.high - found.difference == pytest.approx(1.959964 * (1 / 3) ** 0.5 / 2)
    assert found.low == pytest.approx(1.0 - found.high)


def test_one_text_says_nothing_of_the_others():
    assert gain(np.array([True]), np.array([True])) == Gain(difference=0.0, low=-1.0, high=1.0)


@pytest.mark.parametrize(
    ("rival", "ours", "expected"),
    [
        ((200, 2.0, 0.80), [(100, 1.0, 0.80)], Verdict.BEATEN),
        ((200, 2.0, 0.80), [(100, 1.0, 0.70)], Verdict.SURVIVES),  # ours is less accurate
        ((200, 2.0, 0.80), [(100, 3.0, 0.90)], Verdict.SURVIVES),  # ours is slower
        ((100, 1.0, 0.80), [(200, 2.0, 0.80), (300, 3.0, 0.70)], Verdict.BEATS_US),
        ((100, 1.0, 0.80), [(200, 2.0, 0.80), (50, 3.0, 0.70)], Verdict.SURVIVES),
        ((100, 1.0, 0.80), [(100, 1.0, 0.80)], Verdict.SURVIVES),  # equals
    ],
)
def test_verdicts(rival, ours, expected):
    assert verdict(contender(*rival), [contender(*one) for one in ours], 1) is expected


def test_one_point_less_is_not_less_accurate_until_the_interval_says_so():
    few, many = 100, 100_000
    for n, expected in ((few, Verdict.BEATEN), (many, Verdict.SURVIVES)):
        ours = contender(100, 1.0, 0.78, n)
        assert verdict(contender(200, 2.0, 0.80, n), [ours], 1) is expected


def test_there_is_no_verdict_without_ours():
    assert verdict(contender(1, 1.0, 0.5), [], 1) is None


def compared(name, runtime=None, **verdicts):
    return Compared(
        name=name,
        runtime=runtime,
        dev_accuracy=0.8,
        accuracy=0.8,
        low=0.7,
        high=0.9,
        macro_f1=0.8,
        size_bytes=1000,
        latency={b: PerText(median_ms=1, low_ms=1, high_ms=1) for b in ("1", "32")},
        verdicts={f"{batch[1:]}": one for batch, one in verdicts.items()},
        over_best=None if runtime else Gain(difference=0, low=0, high=0),
    )


def comparison(*rows):
    return Comparison(task="t", labelled=10, texts=10, rows=rows, noise_ok=True, machine={})


def test_losses_are_told_first():
    found = comparison(
        compared("mine", "onnx-float32"),
        compared(RivalKind.TFIDF, b1=Verdict.BEATEN, b32=Verdict.BEATEN),
        compared(RivalKind.FASTTEXT, b1=Verdict.BEATS_US, b32=Verdict.SURVIVES),
    )
    lines = verdict_sentences(found)
    assert lines[0].startswith("Beats us")
    assert "fastText" in lines[0]
    assert "single texts" in lines[0]
    assert [line.split()[0] for line in lines] == ["Beats", "Survives,", "Beaten", "Beaten"]


def test_without_our_models_the_next_step_is_named():
    (line,) = verdict_sentences(comparison(compared(RivalKind.TFIDF)))
    assert "bort finetune --best" in line
