# make demo    set up and assess the samples         make view    look at the reports in the browser
# make test    the whole check                       make bench   time and memory of the commands
# make lint    the check without the tests           make clean   remove what was built here

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
REPORTS := reports/demo
SIMULATED := data_samples/simulated
TWO_VISITS := $(SIMULATED)/film_prior_current
REFUSED := $(SIMULATED)/film_frontal
SAMPLES := data_samples/mri_t2_thoracolumbar data_samples/mri_painted_wedge data_samples/film_l1_collapse \
           $(wildcard data_samples/mri_lumbar_polygons/*.jpg) \
           $(filter-out $(TWO_VISITS) $(REFUSED),$(wildcard $(SIMULATED)/film_* $(SIMULATED)/mri_*))
ASSESS := $(BIN)/ovf assess
# Exit code 3: done, with caveats.
DONE := [ $$? -eq 3 ] || exit 1
# Debian keeps venv in a package of its own for each Python.
VENV_PACKAGE := 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: demo test lint view bench lock clean
.DELETE_ON_ERROR:

demo: $(READY)
	@for sample in $(SAMPLES); do \
	  echo; echo "== $$sample"; \
	  $(ASSESS) "$$sample" --out "$(REPORTS)/$$(basename "$$sample" .jpg)" || $(DONE); \
	done
	@echo; echo "== $(TWO_VISITS): the current visit against the prior one"
	@$(ASSESS) $(TWO_VISITS)/current --prior $(TWO_VISITS)/prior --out $(REPORTS)/film_prior_current || $(DONE)
	@echo; echo "== $(REFUSED): no lateral film, to be refused"
	@$(ASSESS) $(REFUSED) --out $(REPORTS)/film_frontal || [ $$? -eq 2 ]
	@echo; echo "Reports:"; ls "$(CURDIR)/$(REPORTS)"/*/report.pdf; echo "To look at them in the browser: make view"

test: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" && ruff format --check && ruff check && mypy && lint-imports && pytest

lint: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" && ruff format --check && ruff check && mypy && lint-imports

view: $(READY)
	@[ -d $(REPORTS) ] || $(MAKE) --no-print-directory demo
	$(BIN)/ovf view $(REPORTS)

bench: $(READY)
	$(BIN)/python bench/bench.py
	$(BIN)/python bench/conclude.py
	@[ ! -d ../shared/data/meshes ] || $(BIN)/python bench/simulation.py ../shared/data

# Resolves anew; where torch is installed from is the machine's pip configuration.
lock: $(READY)
	$(BIN)/python bench/lock.py requirements.lock

clean:
	rm -rf .venv reports build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# A bare Debian has Python without ensurepip; elsewhere it is there and nothing is installed.
$(READY): requirements.lock pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer wanted, no python3 on the path; install python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer wanted, got $$($(PYTHON) -V); set PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  command -v apt-get >/dev/null || { echo "Python's venv and ensurepip wanted, none found; install them" >&2; exit 1; }; \
	  $(ROOT) apt-get update -qq && $(ROOT) env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends $$($(PYTHON) -c $(VENV_PACKAGE)); }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
