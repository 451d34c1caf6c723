# Everything goes into .venv; nothing else on the machine is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv pip
UV_VERSION := 0.9

.DEFAULT_GOAL := help
.PHONY: help demo test recovery check bench lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.run ## the main job on the project's own scene, offline: about two minutes
	$(BIN)/trackloop demo --out demo_out

test: $(VENV)/.dev ## every test but recovery, the slow ones too
	$(BIN)/pytest -n logical --dist worksteal -m "not alone"

recovery: $(VENV)/.dev ## lost messages and killed workers by the clock: five idle minutes
	$(BIN)/pytest -m alone

check: $(VENV)/.dev ## lint, types, architecture, dependencies, fast tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/pytest -n logical -m "not slow and not alone"

bench: $(VENV)/.bench ## the benchmarks; prints ratios
	$(VENV)-bench/bin/python -m benchmarks

lock: $(VENV)/.uv ## resolve requirements*.lock anew
	$(UV) compile -q --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url pyproject.toml -o requirements.lock
	$(UV) compile -q --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url -c requirements.lock --extra openvino --extra dev pyproject.toml -o requirements-dev.lock
	$(UV) compile -q --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url -c requirements.lock --extra train pyproject.toml -o requirements-train.lock

clean: ## remove what make made
	rm -rf $(VENV) $(VENV)-bench demo_out bench_out *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/.uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet "uv>=$(UV_VERSION)"
	@touch $@

$(VENV)/.run: $(VENV)/.uv requirements.lock pyproject.toml
	$(UV) install --quiet --compile-bytecode --python $(BIN)/python --no-deps -r requirements.lock -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(UV) install --quiet --compile-bytecode --python $(BIN)/python --no-deps -r requirements-dev.lock
	@touch $@

# The benchmarks compare with ultralytics, which needs torch: an environment of its own (5.5 GB).
$(VENV)/.bench: $(VENV)/.uv requirements-train.lock pyproject.toml
	$(BIN)/uv venv --quiet --allow-existing $(VENV)-bench
	$(UV) install --quiet --compile-bytecode --python $(VENV)-bench/bin/python --no-deps -r requirements-train.lock -e .
	@touch $@
