# One way to do each thing. `make setup` is called by the others when it is needed.
.PHONY: setup demo test lint bench lock

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

demo: $(READY)
	$(BIN)/digest demo

test: $(READY)
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check digest tests
	$(BIN)/ruff format --check digest tests
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python -m pytest tests/bench -n 0 -p no:randomly --benchmark-columns=min,median,max,rounds

lock:
	uv pip compile --generate-hashes --universal --quiet --no-header --no-annotate \
		--group dev --extra postgres pyproject.toml -o requirements.lock
