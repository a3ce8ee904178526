# Everything happens in .venv; every target can be typed on a fresh clone and starts at once when repeated.
SHELL := /bin/sh
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUN ?=
TEST ?=

# What llama.cpp need not build for us: image and audio input, TLS, and its own programs' library.
LLAMA := llama-cpp-python==0.3.36
LLAMA_CMAKE := -DLLAVA_BUILD=OFF -DLLAMA_OPENSSL=OFF -DCMAKE_PROJECT_llama_cpp_INCLUDE="$(CURDIR)/scripts/llama_build.cmake"
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.PHONY: run
run: $(VENV)/.installed ## Explore the starter tools with the default model (RUN="--tools … --watch" for options)
	$(BIN)/stesim run $(RUN)

.PHONY: test
test: $(VENV)/.tested ## Run the tests, all but the slow tier (TEST="-k parse" for options)
	$(BIN)/python -m pytest -m "not slow" $(TEST)

.PHONY: test-fast
test-fast: $(VENV)/.tested ## Run the tests that need no model
	$(BIN)/python -m pytest -m "not slow and not model" $(TEST)

.PHONY: test-slow
test-slow: $(VENV)/.tested ## Run the slow tier, with the thorough profile of the property tests
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest $(TEST)

.PHONY: check
check: $(VENV)/.checked ## Lint and check types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: format
format: $(VENV)/.checked ## Put the code into its usual form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: cassette
cassette: $(VENV)/.installed ## Record the run in fixtures/cassettes again (after a change of the default prompts)
	rm -rf fixtures/cassettes/smollm2
	$(BIN)/stesim run --out fixtures/cassettes/smollm2 --tools forecast_weather,add_date,get_local_time,get_country
	rm fixtures/cassettes/smollm2/.lock

.PHONY: bench-busy
bench-busy: $(VENV)/.installed ## Decoding speed with and without busy processes beside it
	$(BIN)/python scripts/bench_busy.py

.PHONY: wheel
wheel: $(VENV)/.installed ## Build a wheel into dist/
	$(PIP) wheel --quiet --no-deps --wheel-dir dist .

.PHONY: install
install: $(VENV)/.installed ## Make .venv and install stesim with the default model

.PHONY: clean
clean: ## Remove .venv and build leftovers (runs/ stays)
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit("stesim needs Python 3.10 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 10) else 0)'
	$(PYTHON) -m venv $(VENV)
	@touch $@

# Compiled once: pip keeps the wheel in its cache, and a copy stays in .wheels for the next .venv.
$(VENV)/.llama: | $(VENV)/.python
	@ls .wheels/llama_cpp_python-*.whl >/dev/null 2>&1 || { \
	  echo "Compiling llama.cpp: about 2 minutes on 2 cores, once (pip keeps the result) ..."; \
	  command -v cc >/dev/null && command -v c++ >/dev/null || { echo "A C and C++ compiler is needed, for example: apt install build-essential"; exit 1; }; }
	@CMAKE_ARGS='$(LLAMA_CMAKE)' CMAKE_BUILD_PARALLEL_LEVEL=$$(getconf _NPROCESSORS_ONLN) \
	  $(PIP) wheel --quiet --no-deps --find-links .wheels --wheel-dir .wheels '$(LLAMA)'
	$(PIP) install --quiet --find-links .wheels '$(LLAMA)'
	@touch $@

$(VENV)/.installed: setup.cfg pyproject.toml $(VENV)/.llama
	$(PIP) install --quiet --editable '.[smollm2]'
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(PIP) install --quiet --editable '.[smollm2,test]'
	@touch $@

$(VENV)/.checked: $(VENV)/.tested
	$(PIP) install --quiet --editable '.[dev]'
	@touch $@
