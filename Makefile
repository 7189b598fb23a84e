# Each target creates its own virtual environment and only needs Python 3 with venv.
PYTHON ?= python3
RUN_ENV := .venv/run
DEV_ENV := .venv/dev
RAY_ENV := .venv/ray

# every documented target
.PHONY: $(shell sed -n 's/^\([a-z][a-z0-9-]*\):.*[#][#].*/\1/p' $(MAKEFILE_LIST))

demo: $(RUN_ENV)/ready ## recognize the face in a sample photograph with the bundled int8 model
	$(RUN_ENV)/bin/fer-edge demo

# two processes; the tests of a file share fixtures, so they stay together
test: $(DEV_ENV)/ready ## the whole test suite, including the TensorFlow tests
	$(DEV_ENV)/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-light: $(DEV_ENV)/ready ## tests without TensorFlow, Keras or JAX, without slow ones: about a minute
	$(DEV_ENV)/bin/python -m pytest --light -n 3 --dist loadfile --no-loadscope-reorder

coverage: $(DEV_ENV)/ready ## the whole suite with line coverage
	$(DEV_ENV)/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-report term:skip-covered

MINUTES ?= 60
DOOR ?= card
SECONDS ?= 600
fuzz: $(DEV_ENV)/ready ## random inputs for every parser, for MINUTES=60; failures are written to fuzz-found/
	nice -n 10 $(DEV_ENV)/bin/python -m tests.fuzz --minutes $(MINUTES)

fuzz-guided: $(DEV_ENV)/ready ## the same with Atheris, guided by coverage: DOOR=card SECONDS=600
	$(DEV_ENV)/bin/python -m pip install --quiet --disable-pip-version-check atheris==3.0.0
	nice -n 10 $(DEV_ENV)/bin/python -m tests.fuzz.guided $(DOOR) --seconds $(SECONDS)

SHARE ?= 1.0
faults: $(DEV_ENV)/ready ## every command killed, disconnected or starved at random times; hours, shorter with SHARE=0.1
	nice -n 10 $(DEV_ENV)/bin/python -m tests.faults --share $(SHARE)

audit: $(RUN_ENV)/ready ## known vulnerabilities in a device installation, and its SBOM, in audit/
	.ci/audit $(RUN_ENV)

test-arm64: $(DEV_ENV)/ready ## the built wheel in an arm64 Debian under qemu; minutes, needs root
	FER_EDGE_ARM64=.venv/arm64 $(DEV_ENV)/bin/python -m pytest -s tests/arm64

test-home-assistant: $(DEV_ENV)/ready ## --mqtt-discovery in a real Home Assistant; needs root, mmdebstrap and make parts; minutes
	FER_EDGE_HOME_ASSISTANT=.venv/home-assistant $(DEV_ENV)/bin/python -m pytest -s tests/home_assistant

test-device: $(DEV_ENV)/ready ## cameras, systemd and power cuts in a virtual machine; needs root, half an hour
	FER_EDGE_DEVICE=.venv/device $(DEV_ENV)/bin/python -m pytest -s tests/device

test-device-arm64: $(DEV_ENV)/ready ## a short version in an emulated arm64 machine; needs root
	FER_EDGE_DEVICE_ARM64=.venv/device-arm64 $(DEV_ENV)/bin/python -m pytest -s tests/device_arm64

test-deploy: $(DEV_ENV)/ready ## fer-edge deploy to a real sshd with a real systemd and sudo; needs root and make parts
	FER_EDGE_SYSTEM_SERVICE=1 $(DEV_ENV)/bin/python -m pytest tests/runtime/deploy

# the newest Python with wheels of tflite-runtime is 3.11: PYTHON=python3.11
test-tflite-runtime: $(DEV_ENV)/ready ## the install for old Coral stacks, in a separate environment
	FER_EDGE_TFLITE_RUNTIME=.venv/tflite-runtime $(DEV_ENV)/bin/python -m pytest tests/tflite_runtime

test-opencv5: $(DEV_ENV)/ready ## the plain install with OpenCV 5, in a separate environment: a minute
	FER_EDGE_OPENCV5=.venv/opencv5 $(DEV_ENV)/bin/python -m pytest tests/opencv5

# uv chooses the oldest versions that pyproject.toml allows; pip only knows the newest
LOWEST_ENV := .venv/lowest
test-lowest: ## the light tests with the oldest allowed version of each dependency, in a separate environment
	$(PYTHON) -m venv --clear $(LOWEST_ENV)
	$(LOWEST_ENV)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(LOWEST_ENV)/bin/uv pip install --quiet --python $(LOWEST_ENV)/bin/python \
		--resolution lowest-direct --index-strategy unsafe-best-match \
		--editable '.[web,mqtt,archive,heif,sweep,demo,tensorboard]'
	$(LOWEST_ENV)/bin/uv pip install --quiet --python $(LOWEST_ENV)/bin/python \
		pytest pytest-xdist jsonschema
	$(LOWEST_ENV)/bin/python -m pytest --light -n 2 --dist loadfile --no-loadscope-reorder

recording: $(DEV_ENV)/ready ## docs/images/deploy.svg, by termtosvg in a separate environment; needs root
	$(PYTHON) -m venv .venv/recording
	.venv/recording/bin/python -m pip install --quiet --disable-pip-version-check \
		termtosvg==1.1.0 'setuptools<80'
	$(DEV_ENV)/bin/python -m benchmarks.recording --termtosvg .venv/recording/bin/termtosvg \
		docs/images/deploy.svg

pictures: $(DEV_ENV)/ready ## the pictures of docs/images that the program draws (DATA=faces.npz); needs Chromium
	$(DEV_ENV)/bin/python -m docs.generators.pictures --data $(DATA)

test-extras: $(DEV_ENV)/ready ## check on PyPI that all packages of the training extras are available, with CUDA wheels
	FER_EDGE_EXTRAS=1 $(DEV_ENV)/bin/python -m pytest tests/extras

test-ray: $(RAY_ENV)/ready ## `archive --ray` and `sweep --ray` on a cluster of two nodes, in a separate environment; minutes, 1 GB
	$(RAY_ENV)/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt pytest
	KERAS_BACKEND=jax $(RAY_ENV)/bin/python -m pytest tests/ray_cluster

test-pytorch: $(DEV_ENV)/ready ## `train` where PyTorch is the only backend, in a separate environment; minutes, 6 GB
	FER_EDGE_PYTORCH=.venv/pytorch $(DEV_ENV)/bin/python -m pytest tests/pytorch

test-processes: $(DEV_ENV)/ready ## `train --coordinator` and `--devices` on JAX; five minutes
	FER_EDGE_PROCESSES=1 $(DEV_ENV)/bin/python -m pytest tests/processes \
		tests/training/backend/test_backends.py

test-large: $(DEV_ENV)/ready ## ResNet-50 and EfficientNet-Lite trained and converted; two minutes
	FER_EDGE_LARGE=1 $(DEV_ENV)/bin/python -m pytest \
		tests/training/architectures/test_whole_way_large.py

parts: ## Debian packages for tests with real programs (skipped without them); needs root
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive xargs -a tests/debian-packages.txt \
		apt-get install -qq --yes --no-install-recommends

lint: $(DEV_ENV)/ready ## style, English and types
	$(DEV_ENV)/bin/ruff check .
	$(DEV_ENV)/bin/ruff format --check .
	$(DEV_ENV)/bin/python .ci/prose.py
	$(DEV_ENV)/bin/mypy

package: ## install the built wheel into a bare environment, and use it there
	rm -rf build .venv/bare
	$(PYTHON) -m venv .venv/bare
	.venv/bare/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt .
	cd .venv/bare && bin/fer-edge --help >/dev/null && bin/fer-edge models
	cd .venv/bare && bin/fer-edge benchmark tiny --rounds 1 --report report
	cd .venv/bare && bin/fer-edge doctor
	cd .venv/bare && bin/fer-edge service print -- --camera 0 --jsonl - >/dev/null
	cd .venv/bare && bin/python -c "from fer_edge.training import load_recipe as r; r('tiny')"

release-check: ## build, check and install sdist and wheel, and test them with every installed Python
	.ci/release-check

DATA ?= faces.npz
CLIP ?= clip.mp4
FER_EDGE := $(DEV_ENV)/bin/fer-edge
RESUME = $(if $(wildcard $(@D).partial),--resume)

models: model-compact model-tiny model-compact-ferplus ## the three bundled files, from data to file

# after `card edit --set`: a student says what its teachers learned from
TAUGHT := "license=Weights: Apache-2.0. FER2013 was published for a Kaggle competition (2013); its public copies state no \
license. No image of it is in this file. One of the networks that taught this one, or the network it started from, was \
pretrained on VGGFace2, whose terms allow research only."

# a file of at most 100 KB has no room for more
TAUGHT_TINY := "license=Apache-2.0. Learned from FER2013 (no license stated) and a network pretrained on VGGFace2 (research \
only)."
LIMITS_TINY := "limits=Frontal faces of 40 pixels or more. FER2013's labels are noisy. Weak: fear, disgust, angry, sad; not \
measured by group."

model-compact: runs/last/compact/run.json ## FER2013 (DATA=faces.npz) to the bundled file; hours, with a GPU for its teachers
	$(FER_EDGE) convert runs/last/compact --int8 --float32 --data $(DATA) --out models --overwrite \
		--calibration-seed 2 --logit-offset fear=0.15
	$(FER_EDGE) card edit models/compact-int8-ptq.tflite --set $(TAUGHT) --overwrite
	cp models/compact-int8-ptq.tflite fer_edge/model/files/compact.tflite

model-tiny: runs/last/tiny/run.json ## at most 100 KB, taught by a run of model-compact, then by its teachers
	$(FER_EDGE) convert runs/last/tiny --int8 --float32 --data $(DATA) --out models --overwrite \
		--logit-offset fear=0.25 --logit-offset disgust=0.3
	$(FER_EDGE) card edit models/tiny-int8-ptq.tflite --set $(TAUGHT_TINY) --set $(LIMITS_TINY) --overwrite
	cp models/tiny-int8-ptq.tflite fer_edge/model/files/tiny.tflite

model-compact-ferplus: runs/last/compact-ferplus/run.json ## FER+'s eight classes, from a run of model-compact
	$(FER_EDGE) convert runs/last/compact-ferplus --int8 --data runs/ferplus.npz --out models --overwrite \
		--calibration-seed 1 --logit-offset contempt=0.75
	$(FER_EDGE) card edit models/compact-ferplus-int8-ptq.tflite --set $(TAUGHT) --overwrite
	cp models/compact-ferplus-int8-ptq.tflite fer_edge/model/files/compact-ferplus.tflite

aligner: $(DEV_ENV)/ready ## fer_edge/aligner/files/aligner.tflite (DATA=faces.npz); 10 minutes on two cores
	$(DEV_ENV)/bin/python -m fer_edge.training.aligner --data $(DATA) --out runs/aligner
	$(DEV_ENV)/bin/python -m fer_edge.converters.aligner runs/aligner \
		--out fer_edge/aligner/files/aligner.tflite

TEACHERS := runs/teacher-wide runs/teacher-deep runs/teacher-144px
teachers: $(TEACHERS:=/run.json) ## three large networks that teach compact (DATA=faces.npz); minutes on a GPU, npm

runs/teacher-wide/run.json: | $(DEV_ENV)/ready
	$(FER_EDGE) train --data $(DATA) --recipe teacher-wide --out $(@D) $(RESUME)

runs/teacher-deep/run.json: | $(DEV_ENV)/ready
	$(FER_EDGE) train --data $(DATA) --recipe teacher-deep --out $(@D) $(RESUME)

runs/teacher-144px/run.json: runs/face-network/faceres.json
	$(FER_EDGE) train --data $(DATA) --recipe mobilenet-face --weights $< --seed 3 --out $(@D) $(RESUME)

runs/face-network/faceres.json: | $(DEV_ENV)/ready
	$(DEV_ENV)/bin/python -m benchmarks.teacher_weights $(@D)

runs/cross-fitted.npz: runs/face-network/faceres.json
	$(DEV_ENV)/bin/python -m benchmarks.cross_fitting --weights $< --data $(DATA) --out $@ --seeds 1

frontier: $(DEV_ENV)/ready ## docs/lab-notes/rivals.md and its picture (DATA=faces.npz, CLIP=clip.mp4); gigabytes of rivals
	$(DEV_ENV)/bin/python -m benchmarks.rivals --data $(DATA) --clip $(CLIP) \
		--models compact,tiny --out docs/lab-notes/rivals.md --picture docs/images/frontier.png

runs/compact-32px/run.json: | $(DEV_ENV)/ready
	$(FER_EDGE) train --data $(DATA) --recipe compact-32px --out $(@D) $(RESUME)

runs/compact-48px/run.json: runs/compact-32px/run.json
	$(FER_EDGE) train --data $(DATA) --recipe compact-48px --start runs/compact-32px \
		--out $(@D) $(RESUME)

runs/compact-grown/run.json: runs/compact-48px/run.json
	$(FER_EDGE) train --data $(DATA) --recipe compact-grown --start runs/compact-48px \
		--teacher runs/compact-48px --out $(@D) $(RESUME)

runs/compact/run.json: runs/compact-grown/run.json
	$(FER_EDGE) train --data $(DATA) --recipe compact --start runs/compact-grown \
		--teacher runs/compact-grown --out $(@D) $(RESUME)

runs/last/compact/run.json: runs/compact/run.json $(TEACHERS:=/run.json)
	$(FER_EDGE) train --data $(DATA) --recipe compact-distilled --start runs/compact \
		$(TEACHERS:%=--teacher %) --out $(@D) $(RESUME)

runs/tiny-clean/run.json: runs/compact-48px/run.json
	$(FER_EDGE) train --data $(DATA) --recipe tiny-clean --teacher runs/compact-48px \
		--out $(@D) $(RESUME)

runs/tiny-mixed/run.json: runs/tiny-clean/run.json runs/compact/run.json
	$(FER_EDGE) train --data $(DATA) --recipe tiny-mixed --start runs/tiny-clean \
		--teacher runs/compact --out $(@D) $(RESUME)

runs/tiny/run.json: runs/tiny-mixed/run.json
	$(FER_EDGE) train --data $(DATA) --recipe tiny --start runs/tiny-mixed --teacher runs/compact \
		--teacher runs/compact-grown --out $(@D) $(RESUME)

runs/last/tiny/run.json: runs/tiny/run.json $(TEACHERS:=/run.json)
	$(FER_EDGE) train --data $(DATA) --recipe tiny-distilled --start runs/tiny \
		$(TEACHERS:%=--teacher %) --out $(@D) $(RESUME)

runs/ferplus.npz: | $(DEV_ENV)/ready
	mkdir -p $(@D)
	$(FER_EDGE) data import $(DATA) --classes ferplus --out $@

runs/compact-ferplus/run.json: runs/last/compact/run.json runs/ferplus.npz
	$(FER_EDGE) train --data runs/ferplus.npz --recipe compact-ferplus --start runs/last/compact \
		--out $(@D) $(RESUME)

FERPLUS_TEACHERS := runs/teacher-wide-ferplus runs/teacher-deep-ferplus
$(FERPLUS_TEACHERS:=/run.json): runs/%-ferplus/run.json: runs/%/run.json runs/ferplus.npz
	$(FER_EDGE) train --data runs/ferplus.npz --recipe $*-ferplus --start $(<D) --out $(@D) $(RESUME)

runs/last/compact-ferplus/run.json: runs/compact-ferplus/run.json $(FERPLUS_TEACHERS:=/run.json)
	$(FER_EDGE) train --data runs/ferplus.npz --recipe compact-ferplus-distilled --start $(<D) \
		$(FERPLUS_TEACHERS:%=--teacher %) --out $(@D) $(RESUME)

# python -m: the hook imports docs.generators from here. --quiet would hide warnings from --strict
docs: $(DEV_ENV)/ready ## build the documentation into site/; a dead link or an unlisted page is an error
	NO_MKDOCS_2_WARNING=1 $(DEV_ENV)/bin/python -m mkdocs build --strict

docs-test: $(DEV_ENV)/ready ## every command of the documentation, and the tutorials with training; minutes
	FER_EDGE_DOCS=1 $(DEV_ENV)/bin/python -m pytest tests/docs

docs-serve: $(DEV_ENV)/ready ## serve the documentation at http://127.0.0.1:8000, rebuilt after each change
	NO_MKDOCS_2_WARNING=1 $(DEV_ENV)/bin/python -m mkdocs serve

format: $(DEV_ENV)/ready ## fix what ruff can fix
	$(DEV_ENV)/bin/ruff check --fix .
	$(DEV_ENV)/bin/ruff format .

clean: ## delete the environments and build outputs
	rm -rf .venv build site *.egg-info

$(RUN_ENV)/ready: EXTRAS := demo
$(DEV_ENV)/ready: EXTRAS := train,dev
$(RAY_ENV)/ready: EXTRAS := ray,demo,train-jax,sweep

%/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $*
	$*/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[$(EXTRAS)]'
	@touch $@
