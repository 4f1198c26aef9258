"""What `bort bench realised` reports, against direct computations on a made-up log."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.panels_svg import Dot, Panel, panels_svg
from benchmarks.realised.findings import SIGNALS, correlation, find
from benchmarks.realised.report import markdown
from bort.core.errors import InvalidDataError

NOISE = {100: 0.03, 200: 0.005}


@pytest.fixture
def rows():
    """Twelve architectures with three seeds; longer trainings have less noise."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(12):
        for seed in range(3):
            error = 0.15 + number / 100
            common = {
                "architecture": f"{number + 1}-2-96-192", "parameter_count": 2000 - number,
                "seed": seed, "seconds": 1.0 + seed, "diverged": 0, "dev_texts": 500,
                "audit_texts": 600,
            }  # fmt: skip
            for steps, noise in NOISE.items():
                signals = {name: error + noise * rng.normal() for name in SIGNALS}
                short = {"kind": "short", "budget": steps, "epochs": steps / 200, **signals}
                found.append({**common, **short})
            audit = error - 0.04 + 0.002 * rng.normal()
            found.append({**common, "kind": "finished", "budget": 0, "audit_error": audit})
    return pd.DataFrame(found)


def means(rows, kind, budget, column):
    of_kind = rows[(rows["kind"] == kind) & (rows["budget"] == budget)]
    return of_kind.groupby("architecture")[column].mean()


@pytest.mark.parametrize(("place", "steps"), [(0, 100), (1, 200)])
def test_correlations_regret_and_misses_are_those_of_a_direct_computation(rows, place, steps):
    worth = find(rows).worth[place]
    assert (worth.steps, worth.epochs, worth.seeds, worth.seconds) == (steps, steps / 200, 3, 2.0)
    audit = means(rows, "finished", 0, "audit_error")
    for signal in SIGNALS:
        expected = stats.spearmanr(means(rows, "short", steps, signal), audit).statistic
        found = worth.correlations[signal]
        assert found.value == pytest.approx(expected)
        assert found.low < found.value <= found.high
    short = means(rows, "short", steps, "dev_error")
    assert worth.pick == short.idxmin()
    assert worth.regret == pytest.approx(audit[short.idxmin()] - audit.min())
    assert worth.shift == pytest.approx((audit - short).mean())
    missed = (audit - short - worth.shift).abs()
    assert worth.median_miss == pytest.approx(missed.median())
    assert worth.large_miss == pytest.approx(missed.quantile(0.9))
    assert {p.architecture: p.finished_error for p in worth.points} == pytest.approx(dict(audit))


def test_signals_that_need_no_long_training_and_the_agreement_of_seeds(rows):
    found = find(rows)
    assert found.size.value == pytest.approx(1)  # larger models are better here
    assert found.first_epoch == found.worth[1].correlations["dev_error"]
    finished = rows[rows["kind"] == "finished"]
    table = finished.pivot_table(index="architecture", columns="seed", values="audit_error")
    agreed = [stats.spearmanr(table[a], table[b]).statistic for a, b in [(0, 1), (0, 2), (1, 2)]]
    assert found.agreement == pytest.approx(np.mean(agreed))
    assert (found.architectures, found.seeds) == (12, 3)


def test_the_interval_is_wider_with_more_noise(rows):
    noisy, quiet = (one.correlations["dev_error"] for one in find(rows).worth)
    assert noisy.high - noisy.low > quiet.high - quiet.low


def test_a_log_that_was_cut_off_is_a_smaller_table(rows):
    whole = rows[rows["seed"] < 2]
    part = pd.concat([whole, rows[rows["seed"] == 2].iloc[:10]])
    assert find(part) == find(whole)
    first = find(rows[rows["seed"] == 0].iloc[:-1])  # the last model is not finished
    assert (first.architectures, first.seeds, first.agreement) == (11, 1, None)
    with pytest.raises(InvalidDataError, match="no architecture"):
        find(rows.iloc[:2])


def test_an_architecture_that_diverged_is_left_out_of_its_line(rows):
    rows.loc[(rows["budget"] == 100) & (rows["seed"] == 1), "diverged"] = [0, 0, 0, 1, *[0] * 8]
    short, long = find(rows).worth
    assert (short.diverged, len(short.points), long.diverged, len(long.points)) == (1, 11, 0, 12)
    assert "at most 1 of a line" in markdown(find(rows))
    is_last = rows["architecture"] == "12-2-96-192"
    rows.loc[is_last & (rows["kind"] == "finished"), ["diverged", "audit_error"]] = 1, np.nan
    assert find(rows).architectures == 11


def test_no_order_no_correlation():
    constant = np.full((5, 2), 0.5)
    rising = np.arange(10.0).reshape(5, 2)
    assert correlation(constant, rising).value is None
    assert correlation(rising[:2], rising[:2]).value is None


def test_a_title_cannot_break_a_picture():
    one = Panel("<b>", [Dot("&", 20, 15)], -5)
    picture = panels_svg('"<', [one], across="<", up="<")
    assert "<b>" not in picture
    assert "&quot;&lt;" in picture
