"""Exported folders and bundles: complete, same answers, and nothing unsafe is opened."""

import contextlib
import hashlib
import json
import os
import shutil
import stat
import zipfile

import numpy as np
import pytest
import tiny
import torch
import yaml
from cards import printed_by_card
from fake_machine import small_instruments
from made_up_model import write_model

from bort.core.errors import BortError, ExportError, InvalidDataError, UnknownModelError
from bort.core.serialise import to_json
from bort.export import opening
from bort.export.bundle import export_bundle
from bort.export.folder import export_huggingface
from bort.export.onnx import INT8, export_onnx, write_files
from bort.export.opening import import_bundle
from bort.export.predicting import Predictor, read_texts
from bort.families import FamilySpace
from bort.families.file_sizes import ONNX_TOLERANCE
from bort.latency.runtimes.onnx import open_session
from bort.latency.workload import Blueprint
from bort.storage import models_folder, open_store

TEXTS = ["a lovely film", "the plot was dull and the ending silly", "great"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("export")


@pytest.fixture(scope="module")
def model(place):
    """A stored model with random weights."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BORT_HOME", str(place))
        with open_store() as store:
            yield write_model(store, place)


@pytest.fixture(autouse=True)
def home(place, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(place))
    monkeypatch.setattr("bort.core.locks.lock_path", lambda: place / "measuring.lock")


@pytest.fixture(scope="module")
def bundle(model, place):
    with pytest.MonkeyPatch.context() as patch, open_store(f"sqlite:///{place}/bort.db") as store:
        patch.setenv("BORT_HOME", str(place))
        export_bundle(store, model, place / "model.zip")
    return place / "model.zip"


def test_transformers_reads_the_folder(model, tmp_path):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    answer = to_json(export_huggingface(model, tmp_path / "hf"))
    assert answer.keys() >= {"format", "path", "files", "parity", "latency_ms"}
    for file in answer["files"]:
        content = (tmp_path / "hf" / file["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        assert len(content) == file["bytes"]
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path / "hf")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "hf")
    assert loaded.config.id2label == {0: "bad", 1: "good"}
    assert tokenizer.pad_token == "[PAD]"
    classify = pipeline("text-classification", model=loaded, tokenizer=tokenizer)
    ours = Predictor(tmp_path / "hf")(TEXTS)
    theirs = classify(TEXTS)
    assert [a.label for a in ours] == [a["label"] for a in theirs]
    assert [a.score for a in ours] == pytest.approx([a["score"] for a in theirs], abs=1e-5)


def test_the_card_tells_what_the_model_rests_on(model, tmp_path):
    export_huggingface(model, tmp_path / "hf")
    card = (tmp_path / "hf" / "README.md").read_text(encoding="utf-8")
    for part in ("0.8000", "95% interval", "teacher", "bort finetune --study made-up", "certified"):
        assert part in card
    front = yaml.safe_load(card.split("---")[1])
    (described,) = front["model-index"]
    assert described["name"] == "made-up-model"
    (result,) = described["results"]
    assert result["metrics"] == [{"type": "accuracy", "value": 0.8}]


def test_an_existing_folder_is_left_alone(model, tmp_path):
    (tmp_path / "hf").mkdir()
    for export in (export_huggingface, export_onnx):
        with pytest.raises(ExportError, match="exists already"):
            export(model, tmp_path / "hf")
    assert list((tmp_path / "hf").iterdir()) == []


def test_a_model_without_weights_is_not_exported(model, tmp_path):
    weights = model.folder / "model.safetensors"
    weights.rename(tmp_path / "kept")
    try:
        with pytest.raises(ExportError, match=r"has no model\.safetensors"):
            export_huggingface(model, tmp_path / "hf")
        assert not (tmp_path / "hf").exists()
    finally:
        (tmp_path / "kept").rename(weights)


def test_onnx_answers_as_torch_does(model, tmp_path):
    pytest.importorskip("onnxruntime")
    out = tmp_path / "onnx"
    answer = to_json(export_onnx(model, out, instruments=small_instruments()))
    assert {f["name"] for f in answer["files"]} >= {"model.onnx", "model.int8.onnx", "README.md"}
    assert answer["parity"]["float32"]["max_abs_difference"] <= 1e-4
    assert answer["parity"]["int8"]["same_answers"] >= 0.5
    assert answer["latency"].keys() == {"torch-float32", "onnx-float32", "onnx-int8"}
    assert answer["latency_ms"] == answer["latency"]["onnx-float32"]["median_ms"]
    for name in ("model.onnx", "model.int8.onnx"):
        assert b"site-packages" not in (out / name).read_bytes(), "paths of this machine"
        session = open_session(str(out / name), 1)
        assert {tuple(given.shape) for given in session.get_inputs()} == {("batch", "length")}
        assert [(o.name, o.shape) for o in session.get_outputs()] == [("logits", ["batch", 2])]
    export_huggingface(model, tmp_path / "hf")
    scores = [[a.score for a in Predictor(tmp_path / k)(TEXTS)] for k in ("onnx", "hf")]
    assert np.allclose(*scores, atol=1e-4)
    assert printed_by_card(out) in (["bad", "[]"], ["good", "[]"])


def test_a_bundle_opens_elsewhere_read_only(bundle, model, tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    with open_store() as store:
        record, is_new = import_bundle(store, bundle)
        assert record.is_imported
        assert is_new
        assert store.study("made-up").is_example
        assert record.realised == model.realised
        again, is_new = import_bundle(store, bundle)
        assert again.name == f"{record.name}-2"
        assert not is_new
        assert {p.name for p in (tmp_path / "models").iterdir()} == {record.name, again.name}
        weights = (record.folder / "model.safetensors").read_bytes()
        assert weights == (model.folder / "model.safetensors").read_bytes()
        assert export_huggingface(record, tmp_path / "hf").files


def test_imports_at_once_do_not_take_each_others_names(bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    with open_store() as store:
        free = store.free_model_name

        def just_taken(wanted):
            name = free(wanted)
            monkeypatch.setattr(store, "free_model_name", free)
            (models_folder() / name).mkdir()
            (models_folder() / name / "theirs").touch()
            return name

        monkeypatch.setattr(store, "free_model_name", just_taken)
        record, _ = import_bundle(store, bundle)
        assert record.name.endswith("-2")
        theirs = models_folder() / record.name.removesuffix("-2")
        assert [path.name for path in theirs.iterdir()] == ["theirs"]


def test_a_bundle_holds_no_pickle_and_no_text_of_the_task(bundle):
    with zipfile.ZipFile(bundle) as opened:
        assert {n.rsplit(".")[-1] for n in opened.namelist()} <= {
            "json", "parquet", "safetensors", "md", "txt",
        }  # fmt: skip
        content = b"".join(opened.read(name) for name in opened.namelist())
    assert b"lovely clever" not in content


def _rewritten(bundle, target, change):
    """Pass the bundle's members through `change(name, content) -> [(entry, content)]`."""
    with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(target, "w") as out:
        for info in source.infolist():
            for entry, content in change(info.filename, source.read(info)):
                out.writestr(entry, content)
    return target


def _symbolic_link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


CHANGES = {
    "a changed byte": (
        lambda n, c: [(n, c[:-1] + bytes([c[-1] ^ 1]) if n.endswith("safetensors") else c)],
        "not what was exported",
    ),
    "a changed result": (
        lambda n, c: [(n, c.replace(b"0.8", b"0.9") if n == "model.json" else c)],
        "not what was exported",
    ),
    "a path that climbs out": (
        lambda n, c: [(n, c), ("../../evil.json", b"{}")],
        "points outside its folder",
    ),
    "an absolute path": (lambda n, c: [(n, c), ("/tmp/evil.json", b"{}")], "points outside"),
    "a file that the manifest does not list": (
        lambda n, c: [(n, c), *([("more.json", b"{}")] if n == "manifest.json" else [])],
        "disagree about 'more.json'",
    ),
    "a missing file": (
        lambda n, c: [] if n == "model/config.json" else [(n, c)],
        "disagree about 'model/config.json'",
    ),
    "a pickle": (lambda n, c: [(n, c), ("model/weights.pkl", b"x")], "a bundle has only"),
    "a link": (
        lambda n, c: [(n, c), (_symbolic_link("model/a.txt"), b"/etc/hosts")],
        "not a regular file",
    ),
    "another format": (
        lambda n, c: [(n, c.replace(b"bort-bundle-1", b"bort-bundle-9"))],
        "has the format",
    ),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("what", CHANGES)
def test_a_bundle_that_was_tampered_with_is_refused(bundle, what, tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    change, message = CHANGES[what]
    broken = _rewritten(bundle, tmp_path / "broken.zip", change)
    with open_store() as store:
        with pytest.raises(ExportError, match=message):
            import_bundle(store, broken)
        assert store.models() == []
        assert store.studies() == []
    assert list((tmp_path / "home" / "models").iterdir()) == []


def test_any_changed_byte_is_found_or_says_nothing(bundle, model, tmp_path, monkeypatch):
    """Damage to the zip itself: directory, headers and packed contents."""
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    whole, broken = bundle.read_bytes(), tmp_path / "broken.zip"
    rng = np.random.default_rng(0)
    near_the_end = len(whole) - 1 - rng.integers(0, 1500, size=60)  # the directory
    with open_store() as store:
        for place in [*rng.integers(0, len(whole), size=60), *near_the_end]:
            changed = whole[place] ^ (1 << int(rng.integers(8)))
            broken.write_bytes(whole[:place] + bytes([changed]) + whole[place + 1 :])
            with contextlib.suppress(ExportError):
                record, _ = import_bundle(store, broken)  # the byte does not matter
                assert record.realised == model.realised
    assert not list((tmp_path / "home" / "models").glob(".*"))


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_bundle_packed_otherwise_is_refused(bundle, packing, tmp_path):
    with zipfile.ZipFile(tmp_path / "other.zip", "w", packing) as out:
        out.writestr("manifest.json", b"{}")
    with open_store() as store, pytest.raises(ExportError, match="not packed the way bort does it"):
        import_bundle(store, tmp_path / "other.zip")


@pytest.mark.parametrize("missing", ["audit", "latency", "latency_ms", "architecture_id"])
def test_a_bundle_that_could_not_be_exported_again_is_refused(
    bundle, missing, tmp_path, monkeypatch
):
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    odd = _retold(bundle, tmp_path / "odd.zip", lambda told: told["realised"].pop(missing))
    with open_store() as store:
        with pytest.raises(ExportError, match=f"is damaged .*{missing}"):
            import_bundle(store, odd)
        assert store.models() == []
        assert store.studies() == []


def _retold(bundle, target, change):
    """Write the bundle with another model.json and a matching manifest."""
    with zipfile.ZipFile(bundle) as source:
        told, manifest = (json.loads(source.read(n)) for n in ("model.json", "manifest.json"))
    change(told)
    content = json.dumps(told).encode()
    entry = next(file for file in manifest["files"] if file["name"] == "model.json")
    entry["sha256"] = hashlib.sha256(content).hexdigest()
    new = {"model.json": content, "manifest.json": json.dumps(manifest).encode()}
    return _rewritten(bundle, target, lambda name, old: [(name, new.get(name, old))])


def test_a_model_must_answer_before_it_is_believed(bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))

    def other_classes(told):
        told["evidence"]["data"]["class_names"] = ["cats", "dogs"]

    with open_store() as store:
        with pytest.raises(ExportError, match="answers bad, good, but its evidence is about cats"):
            import_bundle(store, _retold(bundle, tmp_path / "x.zip", other_classes))
        assert store.models() == []
        assert store.studies() == []
    assert list((tmp_path / "home" / "models").iterdir()) == []


def test_a_full_disk_is_no_damaged_bundle(bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))

    def full(*_given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(opening, "_extract", full)
    with open_store() as store:
        with pytest.raises(ExportError, match=r"cannot be kept in .* \(No space left on device\)"):
            import_bundle(store, bundle)
        assert store.models() == []
    assert list((tmp_path / "home" / "models").iterdir()) == []


def test_a_bundle_that_would_fill_the_disk_is_refused(bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    ten_gigabytes = tmp_path / "bomb.zip"
    with zipfile.ZipFile(ten_gigabytes, "w", zipfile.ZIP_DEFLATED) as out:
        block = bytes(1 << 20)
        with out.open(zipfile.ZipInfo("model/zeros.txt"), "w", force_zip64=True) as member:
            for _ in range(64):
                member.write(block)
    monkeypatch.setattr(opening, "MOST_BYTES", 10 << 20)
    with open_store() as store, pytest.raises(ExportError, match="GiB unpacked"):
        import_bundle(store, ten_gigabytes)


def test_a_bundle_that_lies_about_sizes_is_refused(bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    real = opening._checked_entries

    def lying(opened, path):
        infos = real(opened, path)
        infos["model/model.safetensors"].file_size = 10
        return infos

    monkeypatch.setattr(opening, "_checked_entries", lying)
    with open_store() as store, pytest.raises(ExportError):
        import_bundle(store, bundle)


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04 cut off"])
def test_what_is_no_bundle_is_told_in_one_line(content, tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    (tmp_path / "x.zip").write_bytes(content)
    with open_store() as store:
        with pytest.raises(ExportError, match="not a run bundle"):
            import_bundle(store, tmp_path / "x.zip")
        with pytest.raises(ExportError, match="there is no file"):
            import_bundle(store, tmp_path / "nothing.zip")


def test_texts_are_read_from_lines_and_columns(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n", encoding="utf-8")
    (tmp_path / "a.csv").write_text("review,x\none,1\ntwo,2\n", encoding="utf-8")
    assert read_texts(tmp_path / "a.txt", ["text"]) == ["one", "two"]
    assert read_texts(tmp_path / "a.csv", ["review"]) == ["one", "two"]
    assert read_texts(tmp_path / "a.csv", ["review", "x"]) == [("one", "1"), ("two", "2")]
    for name, column in (("a.csv", "text"), ("b.txt", "text"), ("a.pdf", "text")):
        with pytest.raises(BortError):
            read_texts(tmp_path / name, [column])
    (tmp_path / "empty.txt").touch()
    with pytest.raises(InvalidDataError, match="contains no text"):
        read_texts(tmp_path / "empty.txt", ["text"])


def test_only_the_ends_of_lines_separate_texts(tmp_path):
    lines = ["one\u2028still one", "two\x85still two\x0c\x0b\x1c", "", "three"]
    (tmp_path / "a.txt").write_bytes("\r\n".join([*lines, ""]).encode())
    assert read_texts(tmp_path / "a.txt", ["text"]) == lines
    (tmp_path / "a.jsonl").write_text("".join(f'{{"text": "{lines[0]}"}}\n' for _ in "ab"))
    assert read_texts(tmp_path / "a.jsonl", ["text"]) == [lines[0]] * 2


def test_a_roberta_reads_the_longest_text_that_it_has_positions_for(tmp_path):
    from transformers import RobertaConfig, RobertaForSequenceClassification

    tiny.write_source(tmp_path)
    words = ["<s>", "<pad>", "</s>", "[UNK]", "[CLS]", "[SEP]", *tiny.WORDS]
    (tmp_path / "vocab.txt").write_text("\n".join(words) + "\n")
    config = RobertaConfig(
        vocab_size=len(words) + 3,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=18,
        type_vocab_size=1,
        pad_token_id=1,
    )
    RobertaForSequenceClassification(config).save_pretrained(tmp_path)
    predictor = Predictor(tmp_path)
    alone = predictor(["a film " * 50])[0]
    beside = predictor(["fine", "a film " * 50])[1]
    assert beside.score == pytest.approx(alone.score)
    assert predictor([("fine", "dull")])[0].label in alone.scores, "both have the one segment"


def test_a_tokenizer_with_more_tokens_than_the_model_is_refused(tmp_path, model):
    shutil.copytree(model.folder, tmp_path / "model")
    tokenizer = json.loads((tmp_path / "model" / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["surplus"] = len(tiny.VOCABULARY)
    (tmp_path / "model" / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(BortError, match=r"has 36 tokens, .* embeddings for only 35"):
        Predictor(tmp_path / "model")


def test_the_bytes_of_an_int8_bert_are_those_of_the_closed_form(tmp_path):
    pytest.importorskip("onnxruntime")
    lists = {"vocabulary": (1500,), "depth": (3,), "heads": (2,), "hidden": (48,)}
    space = FamilySpace("one", "bert", {**lists, "intermediate": (100,)}, {"labels": 7})
    network = space.family.build(space.architecture(0), space.fixed, device="cpu").eval()
    for weights in network.parameters():  # an ONNX file stores equal tensors once
        torch.nn.init.normal_(weights)
    write_files(network, Blueprint(space.family, space.architecture(0), space.fixed), tmp_path)
    counted = space.family.file_bytes(space.columns, space.fixed, is_int8=True)[0]
    assert abs(counted - (tmp_path / INT8).stat().st_size) <= ONNX_TOLERANCE


def test_a_folder_without_a_model_is_told_in_one_line(tmp_path, model):
    with pytest.raises(BortError, match="no folder"):
        Predictor(tmp_path / "nothing")
    shutil.copytree(model.folder, tmp_path / "half")
    os.remove(tmp_path / "half" / "model.safetensors")
    with pytest.raises(ExportError, match="not an exported model"):
        Predictor(tmp_path / "half")


def test_one_text_is_answered_and_timed(model):
    answer, milliseconds = Predictor(model.folder).timed("a lovely film")
    assert answer.label in ("bad", "good")
    assert sum(answer.scores.values()) == pytest.approx(1)
    assert milliseconds > 0


def test_an_unknown_model_is_told(model, place):
    with open_store() as store, pytest.raises(UnknownModelError, match="stored models: made-up"):
        store.model("nobody")


def test_the_store_keeps_models(model, place):
    with open_store() as store:
        assert store.models(study="made-up")[0] == model
        assert json.dumps(dict(model.realised))
        assert store.models(study="other") == []
