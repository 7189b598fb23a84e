# Each target makes its own virtual environment and needs nothing but Python 3 with venv.
PYTHON ?= python3
RUN_ENV := .venv/run
DEV_ENV := .venv/dev

.PHONY: demo test lint format clean

demo: $(RUN_ENV)/ready ## read the face on a sample photograph with the bundled int8 model
	$(RUN_ENV)/bin/fer-edge demo

test: $(DEV_ENV)/ready ## the whole test suite, the TensorFlow tests included
	$(DEV_ENV)/bin/python -m pytest

lint: $(DEV_ENV)/ready ## style and types
	$(DEV_ENV)/bin/ruff check .
	$(DEV_ENV)/bin/ruff format --check .
	$(DEV_ENV)/bin/mypy

format: $(DEV_ENV)/ready
	$(DEV_ENV)/bin/ruff check --fix .
	$(DEV_ENV)/bin/ruff format .

clean:
	rm -rf .venv build *.egg-info

$(RUN_ENV)/ready: EXTRAS := demo
$(DEV_ENV)/ready: EXTRAS := train,dev

%/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $*
	$*/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[$(EXTRAS)]'
	@touch $@
