# Everything goes into .venv; nothing else on the machine is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv pip
UV_VERSION := 0.9

.DEFAULT_GOAL := help
.PHONY: help demo demo-loop test recovery check bench lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.run ## the main job on the project's own scene, offline: about two minutes
	$(BIN)/trackloop demo --out demo_out

demo-loop: $(VENV)/.run $(VENV)/.train ## label, train, deploy, re-analyse on that scene: about five minutes
	rm -rf demo_loop_out
	TRACKLOOP_TRAIN_PYTHON=$(abspath $(VENV)-train/bin/python) $(BIN)/trackloop demo --loop --out demo_loop_out

test: $(VENV)/.dev $(VENV)/.train $(VENV)/.labelstudio $(VENV)/.triton ## every test but recovery, the slow ones too
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

bench: $(VENV)/.train $(VENV)/.triton ## the benchmarks; prints ratios
	$(VENV)-train/bin/python -m benchmarks

lock: $(VENV)/.uv ## resolve requirements*.lock anew
	$(UV) compile -q --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url pyproject.toml -o requirements.lock
	$(UV) compile -q --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url -c requirements.lock --extra openvino --extra triton --extra dev pyproject.toml -o requirements-dev.lock
	$(UV) compile -q --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url -c requirements.lock --extra train --extra triton pyproject.toml -o requirements-train.lock
	$(UV) compile -q --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url -c requirements.lock --extra triton pyproject.toml -o requirements-triton.lock
	$(UV) compile -q --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url requirements-tritonserver.in -o requirements-tritonserver.lock
	$(UV) compile -q --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url requirements-labelstudio.in -o requirements-labelstudio.lock

clean: ## remove what make made
	rm -rf $(VENV) $(VENV)-train $(VENV)-labelstudio $(VENV)-triton demo_out demo_loop_out bench_out *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

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

# What trains, and what the benchmarks compare with, needs torch: an environment of its own (5.5 GB).
$(VENV)/.train: $(VENV)/.uv requirements-train.lock pyproject.toml
	$(BIN)/uv venv --quiet --allow-existing $(VENV)-train
	$(UV) install --quiet --compile-bytecode --python $(VENV)-train/bin/python --no-deps -r requirements-train.lock -e .
	@touch $@

# The labelling tool that tests talk to, in an environment of its own (1 GB), and an empty database of
# its, which takes half a minute to make: a test run copies it.
LABELSTUDIO := $(VENV)-labelstudio
$(VENV)/.labelstudio: $(VENV)/.uv requirements-labelstudio.lock
	$(BIN)/uv venv --quiet --allow-existing $(LABELSTUDIO)
	$(UV) install --quiet --compile-bytecode --python $(LABELSTUDIO)/bin/python --no-deps -r requirements-labelstudio.lock
	rm -rf $(LABELSTUDIO)/data
	LABEL_STUDIO_BASE_DATA_DIR=$(abspath $(LABELSTUDIO)/data) LATEST_VERSION_CHECK=false COLLECT_ANALYTICS=false SENTRY_DSN= \
		$(LABELSTUDIO)/bin/python $(LABELSTUDIO)/lib/python3*/site-packages/label_studio/manage.py migrate --verbosity 0
	@touch $@

# What asks a Triton server, beside what runs anyway.
$(VENV)/.tritonclient: $(VENV)/.run requirements-triton.lock
	$(UV) install --quiet --compile-bytecode --python $(BIN)/python --no-deps -r requirements-triton.lock
	@touch $@

# A real Triton server for tests and benchmarks (150 MB): the program comes in a wheel that is unpacked,
# not installed, with its Python back end alone; tests/support/triton_backend runs ONNX models on it.
TRITON := $(VENV)-triton
TRITON_WHEEL := nvidia-pytriton==0.7.0
$(VENV)/.triton: $(VENV)/.uv requirements-tritonserver.lock
	$(BIN)/uv venv --quiet --allow-existing $(TRITON)
	$(UV) install --quiet --compile-bytecode --python $(TRITON)/bin/python --no-deps -r requirements-tritonserver.lock
	rm -rf $(TRITON)/server
	$(UV) install --quiet --python $(TRITON)/bin/python --no-deps --target $(TRITON)/server $(TRITON_WHEEL)
	chmod +x $(TRITON)/server/pytriton/tritonserver/bin/tritonserver
	@touch $@
