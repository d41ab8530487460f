.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DATA ?= ../shared/data

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

demo: $(VENV)/demo  ## install, then serve the app on port 7860
	$(BIN)/python app.py

test: $(VENV)/dev chromium  ## install, then run every test, or those of one folder: PART=app/reading
	$(BIN)/python -m pytest $(if $(PART),tests/$(PART))

lint: $(VENV)/dev  ## formatting, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/lab  ## measure everything on real pictures below DATA, into model_assets/evidence; QUICK=--quick to try it
	$(BIN)/dinoscope benchmark all --images $(DATA) $(QUICK)

attack: $(VENV)/lab  ## try to break the app, on this machine alone, into model_assets/evidence; QUICK=--quick to try it
	$(BIN)/dinoscope attack $(QUICK)

chromium:  # the browser tests drive it; without apt they are skipped, and say so
	@command -v chromium >/dev/null || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] \
		&& apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || echo "no Chromium: browser tests will be skipped"

$(VENV)/demo: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/lab: requirements-lab.txt requirements-fusion.txt $(VENV)/demo
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[lab]'
	@touch $@

$(VENV)/dev: requirements-dev.txt $(VENV)/lab
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

.PHONY: help demo test lint bench attack chromium
