"""`TextClassifierSearch`: the same study as `bort search`, and a model to use."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from bort import Certificate, TextClassifier, TextClassifierSearch
from bort.api.studying import described, params_of
from bort.cli.search import search as search_command
from bort.core.errors import BortError, InvalidDataError, InvalidOptionError
from bort.core.study import TaskSpec
from bort.storage import open_store
from bort.studies.answers import read_answer

pytestmark = pytest.mark.usefixtures("quick_latency")


def test_five_lines(found, given, tmp_path):
    texts, labels = given
    front = found.front_
    assert list(front.columns[:5]) == ["depth", "heads", "hidden", "intermediate",
                                       "parameter_count"]  # fmt: skip
    assert front["is_on_front"].all()
    assert len(found.evaluations_) == 3
    found.certificate_.verify()
    path = found.certificate_.save(tmp_path / "certificate.json")
    assert Certificate.load(path).certified_epsilon == found.certified_epsilon_

    model = found.best_estimator_
    assert model.classes_.tolist() == ["bad", "good"]
    shares = model.predict_proba(texts[:5])
    assert shares.shape == (5, 2)
    assert shares.sum(axis=1) == pytest.approx(1)
    assert set(model.predict(texts)) <= {"bad", "good"}
    assert model.score(texts, labels) == found.score(texts, labels) > 0.5
    assert found.predict(texts[:5]).tolist() == model.predict(texts[:5]).tolist()

    opened = TextClassifier(model.save(tmp_path / "model"))
    assert opened.predict(texts[:5]).tolist() == model.predict(texts[:5]).tolist()
    assert opened.classes_.tolist() == ["bad", "good"]


def test_the_front_is_that_of_the_command(params, given, place):
    found = TextClassifierSearch(**params, refit=False).fit(*given)
    done = CliRunner().invoke(
        search_command,
        [
            *("--study", "typed", "--task", str(place / "reviews.csv")),
            *("--space", params["space"], "--source", str(params["source"]), "--budget", "3"),
            *("--steps", "20", "--threads", "1", "--device", "cpu"),
            *("--latency-profile", params["options"]["latency_profile"]),
        ],
    )
    assert done.exit_code == 0, done.output
    with open_store() as store:
        typed = read_answer(store, "typed")
    assert found.front_.index.tolist() == [point.id for point in typed.front]
    assert found.front_["error_rate"].tolist() == [point.error_rate for point in typed.front]
    assert found.certified_epsilon_ == typed.certified_epsilon


def test_a_task_can_be_named(params, place):
    named = TextClassifierSearch(**params, refit=False).fit(place / "reviews.csv")
    assert named.classes_.tolist() == ["bad", "good"]
    with pytest.raises(InvalidOptionError, match="leave the labels out"):
        TextClassifierSearch(**params).fit("movie-reviews", ["a"])


def test_the_limits_choose_the_point(params, given):
    found = TextClassifierSearch(**params, refit=False).fit(*given)
    rows = found.front_.sort_values("parameter_count")
    limit = int(rows["parameter_count"].iloc[0])
    found.max_parameters = limit
    assert found.best_point_.id == rows.index[0]
    found.max_parameters = 1
    with pytest.raises(InvalidOptionError, match="raise a limit or the budget"):
        _ = found.best_point_
    found.max_parameters = None
    assert found.best_point_.w == found.evaluations_["w"].max()


def test_limits_that_nothing_meets_are_refused_before_the_start(params, given, to_label):
    params["options"] = to_label
    with pytest.raises(InvalidOptionError, match="no architecture of the space meets"):
        TextClassifierSearch(**params, max_latency_ms=1e-6).fit(*given)
    with open_store() as store:
        assert not store.jobs()


def test_a_limit_of_milliseconds_is_per_text_from_text_to_label(params, given, to_label):
    params["options"] = to_label
    found = TextClassifierSearch(**params, max_latency_ms=100, refit=False).fit(*given)
    with open_store() as store:
        assert store.study(found.study_).spec.latency.text_to_label
    assert found.plot().layout.xaxis.title.text.endswith("text to label (ms)")
    fastest = found.front_["latency_ms"].min()  # of a pass of two texts
    found.max_latency_ms = fastest / 2
    assert found.best_point_.latency_ms == fastest
    found.max_latency_ms = 0.99 * fastest / 2
    with pytest.raises(InvalidOptionError, match=f"needs {fastest / 2:.3g} ms per text"):
        _ = found.best_point_


def test_the_time_of_the_network_alone_is_no_time_per_text(params, found, given):
    params["options"] = {**params["options"], "text_to_label": False}
    with pytest.raises(InvalidOptionError, match="leave one of the two out"):
        TextClassifierSearch(**params, max_latency_ms=1).fit(*given)
    again = TextClassifierSearch.attach(found.study_, refit=False, verbose=False)
    again.max_latency_ms = 1
    with pytest.raises(InvalidOptionError, match="times the network alone"):
        _ = again.best_point_


def test_pairs_whose_labels_are_numbers(params, given, tmp_path):
    texts, labels = given
    numbers = np.array([7 if label == "good" else 3 for label in labels])
    frame = pd.DataFrame({"a": texts, "b": texts[::-1], "y": numbers})
    found = TextClassifierSearch(**params).fit(frame, "y")
    assert found.classes_.tolist() == [3, 7]
    pairs = frame[["a", "b"]][:4]
    answers = found.predict(pairs)
    assert answers.dtype.kind == "i"
    assert found.predict(pairs.to_numpy().tolist()).tolist() == answers.tolist()
    with pytest.raises(InvalidDataError, match="reads pairs"):
        found.predict(texts[:3])
    opened = TextClassifier(found.best_estimator_.save(tmp_path / "model"))
    assert opened.classes_.tolist() == [3, 7]
    assert opened.predict(pairs).tolist() == answers.tolist()


def test_another_point_can_be_finetuned(params, given):
    found = TextClassifierSearch(**params, refit=False).fit(*given)
    with pytest.raises(NotFittedError, match="refit is off"):
        found.predict(["fine"])
    pick = found.front_.index[0]
    model = found.finetune(pick)
    assert model.name_ == found.finetune(pick).name_  # trained once
    assert found.point(pick).parameter_count == found.front_["parameter_count"].iloc[0]
    with pytest.raises(InvalidOptionError, match="has not trained"):
        found.point("9-9-9-9")


def test_a_job_outlives_the_kernel(params, given):
    found = TextClassifierSearch(**params, name="mine", jobs=True, refit=False).fit(*given)
    again = TextClassifierSearch.attach("mine", refit=False, verbose=False)
    pd.testing.assert_frame_equal(again.front_, found.front_)
    assert again.classes_.tolist() == found.classes_.tolist()
    assert again.get_params()["budget"] == 3
    with open_store() as store:
        assert [job.is_detached for job in store.jobs()] == [True]


def test_the_same_name_continues_and_trains_nothing_twice(params, given):
    found = TextClassifierSearch(**params, name="mine", refit=False).fit(*given)
    again = TextClassifierSearch(**params, name="mine", refit=False).fit(*given)
    pd.testing.assert_frame_equal(again.evaluations_, found.evaluations_)


def test_without_a_question_it_is_that_of_the_preset(home):
    params = TextClassifierSearch().get_params(deep=False)
    with open_store() as store:
        spec = described(store, params, TaskSpec(task="movie-reviews"))
        asked = described(store, {**params, "budget": 5}, TaskSpec(task="movie-reviews"))
    assert spec.space["name"] == "small"
    assert (spec.search.question.epsilon, spec.search.budget) == (0.1, 32)
    assert (asked.search.question.epsilon, asked.search.budget) == (0.25, 5)
    assert described(store, {**params, **params_of(spec)}, spec.task).search == spec.search


def test_options_choose_the_texts_and_the_unit_of_size(home):
    params = TextClassifierSearch(options={"labelled": 70, "size": "bytes-int8"})
    params = params.get_params(deep=False)
    with open_store() as store:
        spec = described(store, params, TaskSpec(task="movie-reviews"))
        again = described(store, {**params, **params_of(spec)}, TaskSpec(task="movie-reviews"))
    assert (spec.task.labelled, spec.size.unit) == (70, "bytes-int8")
    assert (again.task, again.size) == (spec.task, spec.size)


def test_minutes_become_a_number_of_trainings(params, given):
    first = {**params, "budget": 4}
    TextClassifierSearch(**first, refit=False).fit(*given)  # its timings say how long one takes
    timed = {**params, "budget": None, "minutes": 0.001}
    found = TextClassifierSearch(**timed, name="timed", refit=False).fit(*given)
    with open_store() as store:
        spec = store.study("timed").spec.search
    assert spec.minutes is None
    assert spec.budget == len(found.evaluations_) >= 1
    again = TextClassifierSearch(**timed, name="timed", refit=False).fit(*given)
    assert len(again.evaluations_) == spec.budget


def test_clone_and_pickle(params, found):
    fresh = clone(found)
    assert fresh.get_params() == found.get_params()
    assert not hasattr(fresh, "front_")
    assert pickle.loads(pickle.dumps(fresh)).get_params()["budget"] == 3
    for fitted in (found, found.best_estimator_):
        with pytest.raises(BortError, match="cannot be pickled"):
            pickle.dumps(fitted)
        with pytest.raises(BortError, match="save"):
            copy.deepcopy(fitted)


def test_people_see_html(found):
    for shown in (found, found.best_point_, found.certificate_, found.best_estimator_):
        html = shown._repr_html_()
        assert html.startswith("<div")
        assert "None" not in html
    assert found.study_ in found._repr_html_()
    assert "Not fitted" in TextClassifierSearch()._repr_html_()


def test_the_figures_are_the_dashboards(found):
    figure = found.plot()
    marks = {i for trace in figure.data for i in (trace.customdata if trace.customdata is not None
                                                  else ())}  # fmt: skip
    assert marks == set(found.evaluations_.index)
    assert figure.layout.xaxis.title.text.endswith("latency (ms)")
    assert found.plot_3d().data[0].type == "scatter3d"
    with pytest.raises(InvalidOptionError, match="no objective 'speed'"):
        found.plot("speed")


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        (["a", "b"], ["x"], "2 texts and 1 labels"),
        ("movie-reviews", ["x"], "names a task"),
        (["a"] * 40, None, "requires y"),
        (["a"] * 40, [1, "1"] * 20, "of different types"),
        ([("a", "b"), "c"], [0, 1], "a mixture"),
        (pd.DataFrame({"a": ["x"]}), "y", "no column 'y'"),
        (pd.DataFrame({"a": ["x"], "b": ["x"], "c": ["x"]}), [1], "one column of texts or two"),
    ],
)
def test_what_cannot_be_searched_is_said_in_one_line(params, texts, labels, message):
    with pytest.raises(BortError, match=message) as caught:
        TextClassifierSearch(**params).fit(texts, labels)
    assert "\n" not in str(caught.value)


def test_an_unknown_option_is_refused(params, given):
    wrong = {**params, "options": {"learning_rate": 1}}
    with pytest.raises(InvalidOptionError, match="learning_rates"):
        TextClassifierSearch(**wrong).fit(*given)


@pytest.mark.parametrize("texts", [["fine", None], ["fine", " "], ["fine", 3]])
def test_a_model_refuses_what_is_no_text(found, texts):
    with pytest.raises(InvalidDataError, match="row 1"):
        found.predict(texts)


def test_nothing_gives_nothing(found):
    assert found.predict_proba([]).shape == (0, 2)
