# Everything runs in a virtual environment of its own, made on first use.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
JOBS ?= -1

.PHONY: run test attack lint docs figures bench clean

run: $(VENV)/.installed            ## the quick-start study: figures and a report in results/quickstart
	$(BIN)/regretlab run quickstart --out results --jobs $(JOBS)

test: $(VENV)/.tested              ## the whole test suite; what fails runs once more, to show what was compared
	$(BIN)/python -m pytest -n auto --dist worksteal --assert=plain || { \
		$(BIN)/python -m pytest --last-failed --last-failed-no-failures none; exit 1; }

attack: $(VENV)/.tested            ## kills, damaged files, full disks, wrong input: under half an hour, counts at the end
	$(BIN)/python tests/attack/attacks.py

lint: $(VENV)/.tested              ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.benched            ## speed, as ratios within one run, in benchmarks/RESULTS.md
	$(BIN)/python -m pytest benchmarks -p no:xdist -q --record benchmarks

docs: $(VENV)/.documented          ## the documentation, in docs/_build/html; runs the notebooks
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

figures: $(VENV)/.installed        ## the figures that the documentation shows, from their studies
	$(BIN)/python docs/figures.py

clean:
	rm -rf $(VENV) results docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q -e .
	touch $@

$(VENV)/.tested: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q -e '.[test,dev,cluster,export,browser,simulators]'
	-$(BIN)/python -m pip install -q --only-binary libcachesim -e '.[caches]'
	touch $@

$(VENV)/.benched: $(VENV)/.tested
	-$(BIN)/python -m pip install -q --only-binary libcachesim -e '.[bench]'
	touch $@

$(VENV)/.documented: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q -e '.[docs]'
	touch $@
