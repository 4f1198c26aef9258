"""The files of a model on the page Models, timed from text to label or not yet."""

from made_up_models import add_model
from made_up_study import fill
from visits import Open, shown

from bort.storage import Store, models_folder
from bort.studies.answers import read_answer


def test_the_fastest_file_is_offered_once_it_was_timed(store: Store, visit: Open) -> None:
    fill(store, "reviews", budget=8)
    pick = read_answer(store, "reviews").front[0].id
    times = {"median_ms": 0.0374, "low_ms": 0.036, "high_ms": 0.039}
    latency = {"1": times, "32": times}
    file = {"size_bytes": 94_000, "dev_accuracy": 0.81, "latency": latency}
    files = [{"runtime": runtime, **file} for runtime in ("onnx-float32", "onnx-int8")]
    machine = {"cpu": "A <b>fast</b> one"}
    timed = {"files": files, "texts": 90, "machine": machine, "noise_ok": True}
    add_model(store, "slow", "reviews", pick)
    add_model(store, "timed", "reviews", pick, deployed=timed)
    for name in ("slow", "timed"):
        (models_folder() / name).mkdir(parents=True)
        for part in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"):
            (models_folder() / name / part).write_text("{}")
    app = visit("models", model="timed")
    assert not app.exception
    assert "0.037 ms per text (0.036 to 0.039), on one thread of A &lt;b&gt;fast" in shown(app)
    assert any(list(f.value.columns)[:2] == ["file", "ms per text"] for f in app.dataframe)
    assert len(app.get("download_button")) == 5
    app = visit("models", model="slow")
    assert "have not been timed from text to label yet" in shown(app)
    assert "bort export slow --format fastest --out slow-fastest" in [c.value for c in app.code]
