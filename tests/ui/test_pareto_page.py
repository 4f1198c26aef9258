"""The Pareto page: empty and full, with changed questions, picks and links."""

from dataclasses import replace
from html import escape
from operator import lt
from pathlib import Path

import pytest
from made_up_study import fill, made_up_evaluation, made_up_profile, made_up_spec
from streamlit.testing.v1 import AppTest
from visits import Open, drawn, shown

from bort.core.architecture import Architecture
from bort.core.serialise import to_json
from bort.families import SearchSpace
from bort.jobs.runtime.process import this_process
from bort.latency.noise import Noise, NoiseReading
from bort.latency.profile import LatencyProfile
from bort.latency.workload import Workload
from bort.report.ledger import words
from bort.search import Guarantee
from bort.storage import EventCode, Store
from bort.studies.answers import read_answer, winning_weights
from bort.tasks import DataFlaw, DataWarning


def test_an_empty_store_says_what_to_do_next(store: Store, visit: Open) -> None:
    app = visit("pareto")
    assert not app.exception
    assert "There is no study yet. Start a search" in shown(app)


def test_a_study_whose_first_trainings_wait_for_more_seeds_says_so(
    store: Store, visit: Open
) -> None:
    spec = made_up_spec("reviews")
    spec = replace(spec, training=replace(spec.training, seeds=2))
    space = SearchSpace.from_dict(spec.space)
    profile = made_up_profile(space)
    store.put_profile(profile.to_dict(), profile.name)
    study = store.create_study(spec, profile=profile.name)
    first = space.architecture(0)
    store.add_evaluation(study, first.id, first.as_dict(), made_up_evaluation(first))
    app = visit("pareto", study="reviews")
    assert not app.exception
    assert drawn(app) == 0
    assert "No architecture is trained to the end yet" in shown(app)


def test_a_full_study_shows_charts_table_certificate_and_the_largest_w(
    store: Store, visit: Open
) -> None:
    fill(store, "reviews")
    answer = read_answer(store, "reviews")
    app = visit("pareto", study="reviews")
    assert not app.exception
    assert drawn(app) == 5
    assert answer.best is not None
    assert answer.best.id in shown(app)
    assert f"{answer.evaluations} of 384" in [metric.value for metric in app.metric]
    table = app.dataframe[-1].value
    assert list(table["architecture"]) == [point.id for point in answer.front]
    assert {"latency_ms", "parameters", "effective", "error", "w", "depth"} <= set(table)


def test_without_an_address_the_newest_study_with_trainings_is_shown(
    store: Store, visit: Open
) -> None:
    fill(store, "older", budget=8)
    store.create_study(made_up_spec("empty"))
    assert visit("pareto").selectbox[0].value == "older"


def test_an_unknown_study_is_one_clear_line_and_the_list(store: Store, visit: Open) -> None:
    fill(store, "known", budget=8)
    app = visit("pareto", study="no<b>such")
    assert "There is no study &#x27;no&lt;b&gt;such&#x27; in this store" in shown(app)
    assert app.selectbox[0].value == "known"


def test_a_study_without_trainings_says_so(store: Store, visit: Open) -> None:
    store.create_study(made_up_spec("fresh"))
    app = visit("pareto", study="fresh")
    assert not app.exception
    assert "This study has not trained anything yet" in shown(app)


def test_a_store_that_cannot_be_opened_is_one_line_and_no_traceback(
    store: Store, visit: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.db").write_text("no database " * 100)
    monkeypatch.setenv("BORT_STORE", f"sqlite:///{tmp_path / 'broken.db'}")
    for page in ("home", "search", "pareto"):
        app = visit(page)
        assert not app.exception
        assert "broken.db" in shown(app)
        assert "Traceback" not in shown(app)


def test_the_pick_in_the_address_is_shown_and_can_be_cleared(store: Store, visit: Open) -> None:
    fill(store, "reviews")
    answer = read_answer(store, "reviews")
    picked = next(point for point in answer.points if point != answer.best)
    app = visit("pareto", study="reviews", pick=picked.id)
    assert f"num_hidden_layers={picked.architecture['depth']}," in app.code[0].value
    next(button for button in app.button if button.label == "Clear the pick").click().run()
    assert "pick" not in app.query_params
    assert answer.best is not None
    assert f"num_hidden_layers={answer.best.architecture['depth']}," in app.code[0].value


def test_a_pick_that_is_not_trained_is_said_in_one_line(store: Store, visit: Open) -> None:
    fill(store, "reviews", budget=8)
    app = visit("pareto", study="reviews", pick="9-9-9-9")
    assert "&#x27;9-9-9-9&#x27; is not trained in this study" in shown(app)


def test_epsilon_and_weights_answer_anew_and_are_kept_in_the_address(
    store: Store, visit: Open
) -> None:
    fill(store, "reviews")
    app = visit("pareto", study="reviews")
    app.select_slider[0].set_value(0.75).run()
    assert app.query_params["epsilon"] == "0.75"
    app.slider[1].set_value(3.0).run()
    assert app.query_params["weights"] == "1,3,1"
    answer = read_answer(store, "reviews", epsilon=0.75, weights=(1, 3, 1))
    assert app.code[1].value == "bort front --study reviews --epsilon 0.75 --weights 1,3,1"
    assert answer.best is not None
    assert answer.best.id in shown(app)


def test_a_link_with_epsilon_and_weights_asks_the_same_question(store: Store, visit: Open) -> None:
    fill(store, "reviews", budget=8)
    app = visit("pareto", study="reviews", epsilon="0.37", weights="0,2,1.5")
    assert app.select_slider[0].value == 0.37
    assert [slider.value for slider in app.slider] == [0.0, 2.0, 1.5]


def test_three_zero_weights_give_the_words_of_the_command_line(store: Store, visit: Open) -> None:
    fill(store, "reviews", budget=8)
    app = visit("pareto", study="reviews", weights="0,0,1")
    app.slider[2].set_value(0.0).run()
    assert "weights must be three numbers from 0 to 50" in shown(app)


def test_nothing_is_called_guaranteed_that_is_not_proved(store: Store, visit: Open) -> None:
    fill(store, "reviews")
    answer = read_answer(store, "reviews")
    assert answer.guarantee != "proved"
    app = visit("pareto", study="reviews")
    everything = shown(app) + str([metric.value for metric in app.metric])
    assert "guaranteed" not in everything.lower()


def everything(app: AppTest) -> str:
    texts = [shown(app), *(metric.value for metric in app.metric)]
    return "\n".join([*texts, *(element.label for element in app.expander)]).lower()


def test_the_ledger_tells_each_assumption_s_status_and_evidence(store: Store, visit: Open) -> None:
    fill(store, "reviews")
    answer = read_answer(store, "reviews")
    page = shown(visit("pareto", study="reviews"))
    assert len(answer.ledger) > 3
    for fact in answer.ledger:
        assert all(escape(text) in page for text in words(fact))
        assert f"is-{fact.status}" in page


@pytest.mark.parametrize("page", ["pareto", "search"])
def test_where_an_assumption_is_violated_nothing_is_called_guaranteed(
    store: Store, visit: Open, page: str
) -> None:
    study = fill(store, "reviews", lipschitz=1e-4)
    assert "violated" in [entry.status for entry in read_answer(store, "reviews").ledger]
    job = store.create_job("search", study.spec.to_dict(), study="reviews")
    app = visit(page, **{"pareto": {"study": "reviews"}, "search": {"job": str(job.id)}}[page])
    assert not app.exception
    said = everything(app)
    assert "violated" in said
    assert "guaranteed" not in said


@pytest.mark.parametrize("page", ["pareto", "search"])
def test_a_given_lambda_that_holds_is_called_guaranteed(
    store: Store, visit: Open, page: str
) -> None:
    study = fill(store, "reviews", lipschitz=2.0, budget=40)
    assert read_answer(store, "reviews").guarantee == "proved"
    job = store.create_job("search", study.spec.to_dict(), study="reviews")
    app = visit(page, **{"pareto": {"study": "reviews"}, "search": {"job": str(job.id)}}[page])
    assert "guaranteed" in everything(app)


def test_the_weights_are_explained_and_can_be_taken_over(store: Store, visit: Open) -> None:
    fill(store, "reviews")
    answer = read_answer(store, "reviews")
    regions = winning_weights(store, store.study("reviews"), [p.id for p in answer.front])
    winner = max(regions, key=lambda name: regions[name].share)
    app = visit("pareto", study="reviews", pick=winner)
    assert f"when {winner} is best" in shown(app)
    assert f"{regions[winner].share:.1%}" in shown(app)
    app.button(key="use-weights").click().run()
    weights = tuple(map(float, app.query_params["weights"].split(",")))
    assert [slider.value for slider in app.slider] == list(weights)
    best = read_answer(store, "reviews", weights=weights).best
    assert best is not None
    assert best.id == winner


def test_an_architecture_that_never_wins_says_so(store: Store, visit: Open) -> None:
    fill(store, "reviews")
    points = read_answer(store, "reviews").points
    costs = {p.id: (p.size, p.latency_ms, p.error_rate) for p in points}
    beaten = next(
        name
        for name, own in costs.items()
        if any(all(map(lt, other, own)) for other in costs.values())
    )
    app = visit("pareto", study="reviews", pick=beaten)
    assert "Never: for any weights" in shown(app)
    assert "use-weights" not in [button.key for button in app.button]


def test_odd_data_and_a_noisy_machine_are_told(store: Store, visit: Open) -> None:
    study = fill(store, "reviews", budget=8)
    profile = made_up_profile(SearchSpace.from_dict(study.spec.space))
    noisy = NoiseReading(reference_ms=1.0, spread=0.9, others_share=0.5)
    loud = replace(profile, name="loud", noise=Noise(before=noisy, after=noisy, others_share=0.5))
    store.put_profile(loud.to_dict(), "loud")
    store.set_study_profile("reviews", "loud")
    job = store.create_job("search", study.spec.to_dict(), study="reviews")
    flaw = DataWarning(DataFlaw.CLASSES_ABSENT, split="dev", classes=("<b>",))
    store.log_event(job.id, EventCode.DATA_FLAW, to_json(flaw), level="warning")
    earlier = {"text": "a sentence of an older bort"}
    store.log_event(job.id, EventCode.WARNING, earlier, level="warning")
    for page, query in (("pareto", {"study": "reviews"}), ("search", {"job": str(job.id)})):
        said = shown(visit(page, **query))
        assert "The machine was busy while latency was measured" in said
        assert "The dev split has no text of the class &lt;b&gt;" in said
        assert earlier["text"] in said


def test_a_conditional_claim_says_how_often_such_fail_and_offers_audits(
    store: Store, visit: Open
) -> None:
    fill(store, "reviews")
    answer = read_answer(store, "reviews")
    assert answer.guarantee is Guarantee.CONDITIONAL
    said = shown(visit("pareto", study="reviews"))
    assert "78 of 306 on spaces made to mislead a search" in said
    first = answer.audit_offers[1].draws
    assert "at most 10% of the rest uncovered" in said
    assert f"--audit {first}" in said


def test_data_is_shown_as_text(store: Store, visit: Open) -> None:
    fill(store, "reviews", budget=8)
    app = visit("pareto", study="reviews")
    assert "Made-up CPU &lt;b&gt;9000&lt;/b&gt;" in shown(app)
    assert not [m for m in app.markdown if "Made-up" in m.value]


def test_a_new_training_is_shown_at_the_next_look(store: Store, visit: Open) -> None:
    study = fill(store, "reviews", budget=8)
    app = visit("pareto", study="reviews")
    before = app.metric[0].value
    new = Architecture.of(depth=3, heads=4, hidden=192, intermediate=768)
    assert new.id not in store.evaluations(study)
    store.add_evaluation(study, new.id, new.as_dict(), made_up_evaluation(new))
    assert app.run().metric[0].value != before


def test_a_study_that_a_search_fills_links_to_it(store: Store, visit: Open) -> None:
    study = fill(store, "growing", budget=4)
    job = store.create_job("search", study.spec.to_dict(), study="growing")
    store.claim_job(job.id, job.attempt, this_process())
    app = visit("pareto", study="growing")
    assert not app.exception
    labels = [link.proto.label for link in app.get("page_link")]
    assert "Watch this study's search" in labels


def test_limits_are_kept_in_the_address_and_narrow_the_suggestions(
    store: Store, visit: Open
) -> None:
    fill(store, "reviews")
    points = read_answer(store, "reviews").points
    app = visit("pareto", study="reviews")
    assert f"No limits: all {len(points)} trained architectures are left." in shown(app)
    app.number_input[1].set_value(1.0).run()
    assert app.query_params["at-most"] == ",1,"
    left = [p for p in points if round(p.latency_ms, 2) <= 1.0]
    assert f"{len(left)} of {len(points)} trained architectures are left." in shown(app)
    suggested = [b.label for b in app.button if (b.key or "").startswith("suggested:")]
    assert set(suggested) <= {p.id for p in left}
    best = min(left, key=lambda p: p.error_rate)
    assert best.id in suggested
    app.button(key=f"suggested:{best.id}").click().run()
    assert app.query_params["pick"] == best.id
    assert "outside your limits" not in shown(app)
    app.number_input[1].set_value(best.latency_ms / 2).run()
    assert "outside your limits" in shown(app)
    assert not app.exception


def test_a_limit_of_milliseconds_says_what_is_timed(
    store: Store, visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def to_label(space: SearchSpace) -> LatencyProfile:
        read = {"30522": (20,) * 8}
        work = Workload(1, 20, 2, lengths=(20,) * 8, lengths_from="reviews", by_vocabulary=read)
        return replace(made_up_profile(space), name="to-label", workload=work)

    fill(store, "alone", budget=8)
    monkeypatch.setattr("made_up_study.made_up_profile", to_label)
    fill(store, "whole", budget=8)
    for study, label, said in (
        ("alone", "Network at most, ms", "for one pass of 1 x 32 tokens"),
        ("whole", "At most, ms per text", "From text to label"),
    ):
        app = visit("pareto", study=study)
        assert not app.exception
        limit = app.number_input[1]
        assert limit.label == label
        assert said in limit.help


def test_where_nothing_meets_the_limits_the_nearest_is_offered(store: Store, visit: Open) -> None:
    fill(store, "reviews", budget=8)
    app = visit("pareto", **{"study": "reviews", "at-most": "1,0.01,1"})
    assert not app.exception
    assert "Nothing meets them: the nearest is" in shown(app)
    [offered] = [b.label for b in app.button if (b.key or "").startswith("suggested:")]
    assert offered in {p.id for p in read_answer(store, "reviews").points}


@pytest.mark.parametrize("text", ["a,b,c", "nan,inf,-1", "", ",,,,,,", "<b>,1"])
def test_limits_that_make_no_sense_are_no_limits(store: Store, visit: Open, text: str) -> None:
    fill(store, "reviews", budget=8)
    app = visit("pareto", **{"study": "reviews", "at-most": text})
    assert not app.exception
    assert [box.value for box in app.number_input] in ([None] * 3, [None, 1.0, None])


def test_the_legend_hides_and_the_address_keeps_it(store: Store, visit: Open) -> None:
    fill(store, "reviews")
    app = visit("pareto", study="reviews", hide="dominated")
    [legend] = [pills for pills in app.get("button_group") if pills.label == "Legend"]
    assert "dominated" not in legend.value
    legend.set_value([name for name in legend.value if name != "intervals"]).run()
    assert app.query_params["hide"] == "dominated,intervals"
    app.query_params["hide"] = "front"  # as the browser's Back does
    app.run()
    [legend] = [pills for pills in app.get("button_group") if pills.label == "Legend"]
    assert "front" not in legend.value
    assert {"dominated", "intervals"} <= set(legend.value)


def test_the_view_is_kept_in_the_address(store: Store, visit: Open) -> None:
    fill(store, "reviews", budget=8)
    for view, charts in (("panels", 5), ("space", 2), ("axes", 2), ("nonsense", 5)):
        app = visit("pareto", study="reviews", view=view)
        assert not app.exception
        assert drawn(app) == charts  # with the triangle of weights


def test_picks_are_compared_side_by_side(store: Store, visit: Open) -> None:
    fill(store, "reviews")
    first, second = read_answer(store, "reviews").front[:2]
    app = visit("pareto", study="reviews", pick=first.id)
    app.button(key="side-by-side").click().run()
    assert app.query_params["with"] == first.id
    assert f"Pick another one to compare it with {first.id}." in shown(app)
    app.query_params["pick"] = second.id
    app.run()
    assert f"Smallest: {first.id}" in shown(app)
    assert f"<th>{second.id}</th>" in shown(app)
    assert "Save as CSV" in [button.proto.label for button in app.get("download_button")]
    app = visit("pareto", **{"study": "reviews", "with": "<b>,9-9"})
    assert not app.exception
    assert "side by side</p>" not in shown(app)


def test_other_studies_are_drawn_too_and_stay_in_the_address(store: Store, visit: Open) -> None:
    fill(store, "reviews", budget=8)
    fill(store, "more", budget=12)
    app = visit("pareto", study="reviews", also="more,unknown")
    assert not app.exception
    assert "Together they have a front of" in shown(app)
    [field] = app.multiselect
    assert field.value == ["more"]
    field.set_value([]).run()
    assert "also" not in app.query_params
    assert "Together" not in shown(app)
