# The hub's commands; `make` alone lists them. Each works on a bare clone: what it needs is installed first.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run test check lint export sheets audit bench sweep

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(VENV)/.run check ## serve the hub on http://127.0.0.1:8000 (HOST, PORT)
	@echo "The hub is at http://$(HOST):$(PORT)/  (stop it with Ctrl-C)"
	@exec $(BIN)/granian --interface wsgi --factory --workers 1 --blocking-threads 1 --runtime-threads 1 \
		--respawn-failed-workers --no-access-log --log-level warning --host $(HOST) --port $(PORT) app.serve:application

test: $(VENV)/.test ## run every test, browser included
	@tests/needs.sh
	@$(BIN)/ruff check --quiet app tests && $(BIN)/ruff format --quiet --check app tests
	@$(BIN)/python -m pytest

export: $(VENV)/.run ## write the whole hub as files to dist/
	@$(BIN)/flask --app app export dist

sheets: $(VENV)/.sheets ## draw the PDFs of sheets and cards, and the pictures for messengers, ahead of time
	@$(BIN)/flask --app app sheets

check: $(VENV)/.run ## print every defect of content, catalogues and settings
	@$(BIN)/flask --app app check

bench: $(VENV)/.bench ## print speed and size figures, as ratios of one run
	@$(BIN)/python -m tests.bench.run

sweep: $(VENV)/.test ## before a release: every template, language, width and colour scheme, and the Nu checker
	@tests/needs.sh
	@$(BIN)/python -m tests.sweep

audit: $(VENV)/.audit ## ask whether any pinned package has a known weakness
	@$(VENV)/audit/bin/pip-audit --require-hashes --disable-pip --progress-spinner off -r requirements.txt

lint: $(VENV)/.test ## format the code and report what the linter finds
	@$(BIN)/ruff format app tests && $(BIN)/ruff check --fix app tests

$(VENV)/.run: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.test: requirements-test.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.txt
	@touch $@ $(VENV)/.run

$(VENV)/.sheets: requirements-sheets.txt $(VENV)/.run
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-sheets.txt
	@touch $@

$(VENV)/.bench: requirements-bench.txt $(VENV)/.test
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@

$(VENV)/.audit: requirements-audit.txt
	@$(PYTHON) -m venv $(VENV)/audit
	@$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.txt
	@touch $@
