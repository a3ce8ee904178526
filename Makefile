# Everything happens in .venv; every target can be typed on a fresh clone and starts at once when repeated.
SHELL := /bin/sh
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUN ?=
BENCH ?=
ABLATE ?=
REHEARSE ?=
STUDY ?= runs/bench-smollm2
TEST ?=
MODELS ?=
FILES ?=
SECONDS ?= 600

# What llama.cpp need not build for us: image and audio input, TLS, and its own programs' library.
LLAMA := llama-cpp-python==0.3.36
LLAMA_CMAKE := -DLLAVA_BUILD=OFF -DLLAMA_OPENSSL=OFF -DCMAKE_PROJECT_llama_cpp_INCLUDE="$(CURDIR)/scripts/llama_build.cmake"
# What the parsers are measured against; the table in docs/parsing.md names these versions.
OTHER_PARSERS := langchain-classic==1.0.8 llama-index-core==0.14.25 json-repair==0.64.5
CASSETTE := --tools forecast_weather,add_date,get_local_time,get_country
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

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
cassette: $(VENV)/.installed ## Record the runs in fixtures/cassettes again (after a change of the default prompts)
	rm -rf fixtures/cassettes/smollm2*
	$(BIN)/stesim run --out fixtures/cassettes/smollm2 $(CASSETTE)
	$(BIN)/stesim run --out fixtures/cassettes/smollm2-unconstrained --constrain off $(CASSETTE)
	rm fixtures/cassettes/*/.lock

.PHONY: bench
bench: $(VENV)/.finetune ## Explore, distill, train, evaluate before and after, report (BENCH="--quick")
	$(BIN)/stesim bench $(BENCH)

.PHONY: bench-all
bench-all: $(VENV)/.finetune ## The same with all 50 bundled tools; some hours
	$(BIN)/stesim bench --toolset all $(BENCH)

.PHONY: ablate
ablate: $(VENV)/.finetune ## What each part of the method brings; about 2 hours (ABLATE="--variants no-feedback" for options)
	$(BIN)/stesim ablate $(ABLATE)

.PHONY: rehearse
rehearse: $(VENV)/.finetune ## Learn the tools of a run in rounds, seven trainings (REHEARSE="--rounds 2" for options, STUDY=runs/…)
	$(BIN)/stesim rehearse $(STUDY) $(REHEARSE)

.PHONY: bench-busy
bench-busy: $(VENV)/.installed ## Decoding speed with and without busy processes beside it
	$(BIN)/python scripts/bench_busy.py

.PHONY: bench-constrain
bench-constrain: $(VENV)/.installed ## What constrained decoding costs a token (MODELS="a.gguf b.gguf")
	$(BIN)/python scripts/bench_constrain.py $(MODELS)

.PHONY: bench-parsers
bench-parsers: .venv-bench/.installed ## Our parsers beside those of LangChain, LlamaIndex and json-repair (FILES="mistral.json …")
	PYTHONPATH=. .venv-bench/bin/python scripts/bench_parsers.py $(FILES)

.PHONY: bench-worst
bench-worst: $(VENV)/.installed ## The slowest of many hostile replies for each parser (some minutes)
	$(BIN)/python scripts/bench_worst.py

.PHONY: fuzz
fuzz: .venv-fuzz/.installed ## Fuzz the parsers with guidance by coverage (SECONDS=600)
	@mkdir -p .fuzz/corpus
	PYTHONPATH=. .venv-fuzz/bin/python -m tests.fuzz.fuzz_parsing -dict=tests/fuzz/replies.dict -max_len=4096 \
	  -max_total_time=$(SECONDS) -artifact_prefix=.fuzz/ .fuzz/corpus tests/fuzz/corpus

.PHONY: wheel
wheel: $(VENV)/.installed ## Build a wheel into dist/
	$(PIP) wheel --quiet --no-deps --wheel-dir dist .

.PHONY: install
install: $(VENV)/.installed ## Make .venv and install stesim with the default model

.PHONY: clean
clean: ## Remove .venv and build leftovers (runs/ stays)
	rm -rf $(VENV) .venv-bench .venv-fuzz .fuzz build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

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

# Training needs torch: where there is no GPU, a CPU build can be put into .venv first (docs/finetune.md).
$(VENV)/.finetune: $(VENV)/.installed
	$(PIP) install --quiet --editable '.[smollm2,finetune]'
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(PIP) install --quiet --editable '.[smollm2,test]'
	@touch $@

$(VENV)/.checked: $(VENV)/.tested
	$(PIP) install --quiet --editable '.[dev]'
	@touch $@

# By themselves, so that .venv stays light; the parsers need no more than orjson.
.venv-bench/.installed:
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip --disable-pip-version-check install --quiet orjson $(OTHER_PARSERS)
	@touch $@

.venv-fuzz/.installed:
	$(PYTHON) -m venv .venv-fuzz
	.venv-fuzz/bin/python -m pip --disable-pip-version-check install --quiet orjson atheris
	@touch $@
