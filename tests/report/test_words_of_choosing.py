"""What a page says to help with a choice, of points whose numbers can be read off."""

from bort.core.baseline import Method, OracleFacts, Scored
from bort.report.choosing import (
    against_sentence,
    baselines_sentence,
    comparison_sentences,
    exchange_sentences,
    limits_sentence,
    move_sentence,
    reasons_sentence,
    standing_sentence,
)
from bort.studies.answers import Point
from bort.studies.choosing import ERROR, LATENCY, SIZE, Choice, Limits, choose, options_of


def point(name: str, millions: float, latency_ms: float, percent: float, *, front=True) -> Point:
    return Point(
        id=name,
        architecture={"depth": 1},
        parameter_count=round(1e6 * millions),
        effective_parameter_count=1,
        size=1e6 * millions,
        latency_ms=latency_ms,
        latency_low_ms=0.95 * latency_ms,
        latency_high_ms=1.05 * latency_ms,
        error_rate=percent / 100,
        error_se=0.01,  # 1.96 points each way, 2.8 between two
        n_dev=1_000,
        macro_f1=None,
        seeds=1,
        w=1.0,
        is_on_front=front,
        is_in_cover=False,
    )


POINTS = [
    point("tiny", 3, 0.4, 21),
    point("middle", 4, 0.8, 18),
    point("large", 20, 9, 14),
    point("beaten", 8, 2, 18.5, front=False),
    point("hopeless", 30, 12, 22, front=False),
]


def choice(**limits: float) -> Choice:
    return choose(POINTS, Limits(**limits))


def test_how_many_are_left() -> None:
    assert limits_sentence(choice()) == "No limits: all 5 trained architectures are left."
    assert limits_sentence(choice(latency=0.8)) == "2 of 5 trained architectures are left."
    assert limits_sentence(choice(size=5)) == (
        "2 of 5 trained architectures are left: 5 M parameters are 20 MB of float32 weights."
    )


def test_a_limit_is_met_by_what_reads_like_it() -> None:
    points = [point("a", 3.004, 0.4049, 21.04)]
    assert len(choose(points, Limits(3.0, 0.4, 21.0)).meeting) == 1
    assert len(choose(points, Limits(3.0, 0.39, 21.0)).meeting) == 0
    exact = Limits(*options_of(points).values[0])  # what it has to the last digit meets it too
    assert len(choose(points, exact).meeting) == 1
    small = [point("a", 3, 0.0374, 21)]  # reads 0.037 ms
    assert [len(choose(small, Limits(latency=x)).meeting) for x in (0.037, 0.036)] == [1, 0]


def test_when_nothing_meets_the_limits_the_nearest_is_named_with_its_excess() -> None:
    found = choice(size=5, latency=0.5, error=17)
    assert found.nearest == "tiny"  # 24% above one limit; middle is 60% above another
    assert limits_sentence(found) == (
        "Nothing meets them: the nearest is tiny, with 21.0% error instead of 17.0."
    )
    assert found.suggested() == ()


def test_suggestions_have_reasons() -> None:
    found = choice()
    assert [(name, reasons_sentence(found, name, why)) for name, why in found.suggested()] == [
        (
            "large",
            "The smallest and the fastest whose error is within noise of the lowest and the lowest "
            "error.",
        ),
        ("middle", "The best balance of all three (the knee)."),
    ]
    within = choice(latency=1)
    [(name, why)] = within.suggested()
    assert name == "middle"
    assert reasons_sentence(within, name, why) == (
        "The smallest and the fastest whose error is within noise of the lowest within your "
        "limits, the best balance of all three (the knee) and the lowest error within your limits."
    )


def test_exchange_rates_say_what_is_paid_and_what_is_noise() -> None:
    assert exchange_sentences(choice().exchanges("middle")) == [
        ("tiny", "Saving 1.00 M parameters and 0.40 ms costs 3.0 points of error."),
        ("large", "Saving 4.0 points of error costs 16.00 M parameters and 8.20 ms."),
    ]
    assert exchange_sentences(choice().exchanges("beaten"))[0] == (
        "middle",
        "Saving 4.00 M parameters, 1.20 ms and 0.5 points of error (within noise) costs nothing.",
    )


def test_a_wish_keeps_what_it_must_keep() -> None:
    found = choice()
    move = found.move("large", better=[LATENCY], kept=[SIZE])
    assert move is not None
    assert move_sentence(move, [LATENCY]) == (
        "Saving 8.20 ms costs 4.0 points of error. It also saves 16.00 M parameters."
    )
    assert found.move("large", better=[LATENCY], kept=[ERROR]) is None
    assert choice(size=3).move("large", better=[LATENCY]).id == "tiny"


def test_neighbours_and_who_beats_whom() -> None:
    found = choice()
    [nearest, *_] = found.neighbours("tiny", count=2)
    assert nearest.id == "middle"
    assert against_sentence("tiny", nearest) == (
        "Against middle, it saves 1.00 M parameters and 0.40 ms and costs 3.0 points of error."
    )
    said = {name: standing_sentence(found.standing(name)) for name in found.ids}
    assert said["hopeless"].startswith("Clearly beaten by ")
    assert said["beaten"] == "Beaten by middle, but only within noise."
    assert said["tiny"].startswith("Not beaten")


def test_side_by_side_says_who_is_best_at_what() -> None:
    assert comparison_sentences(choice(), ["middle", "tiny", "beaten"]) == (
        "Smallest: tiny, 3.00 M parameters. Fastest: tiny, 0.40 ms. "
        "Most accurate: middle, 18.0% error. beaten has 0.5 points more (95%: -2.3 to 3.3, "
        "within noise). tiny has 3.0 points more (95%: 0.2 to 5.8, clearly more)."
    )


def test_a_point_is_compared_with_baselines() -> None:
    facts = OracleFacts(
        source="s",
        source_sha256="0",
        teacher="t",
        teacher_dev_error=0.1,
        device="cpu",
        threads=1,
        baselines=tuple(
            Scored(methods=(m,), error_rate=e, low=e - 0.02, high=e + 0.02, macro_f1=0.5, n=1_000)
            for m, e in ((Method.MAJORITY, 0.5), (Method.TFIDF, 0.2), (Method.PROBE, 0.22))
        ),
    )
    assert baselines_sentence(POINTS[1], facts) == (
        "Points of error: 2.0 less than tf-idf (within noise) and 4.0 less than linear probe."
    )
