# Every target makes the virtual environment on first use. `make` alone prints this help.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
GRADER := $(BIN)/python -m course.grader
OPTIONS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast bar lab tour tour-picture syllabus figures release solution worked student site roster due collect autograde feedback report export tidy lint format bench experiments clean

help:  ## show this help
	@echo "usage: make TARGET [LESSON=01_rnn]"
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints.txt $(wildcard course/lab/*.json course/lab/static/*)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: $(PYTHON) is older than Python 3.11; set PYTHON=python3.11 or newer")'
	@$(PYTHON) -m venv $(VENV) || { echo "error: cannot make $(VENV); on Debian: apt install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[grader,test]'
	$(BIN)/python -m course.data
	@touch $@

demo: $(READY)  ## build a lesson, grade a class of made-up students, show the table
	@$(GRADER) demo

test: $(READY)  ## pass the tests: library, grader, lessons, nbval on the solutions
	@$(BIN)/python -m pytest

test-fast: $(READY)  ## the tests that need no kernel and no executed notebook
	@$(BIN)/python -m pytest -m "not slow"

bar: $(READY)  ## hold every variant of every exercise against 20 seeds (an hour)
	@$(BIN)/python -m tests.support.mutation --seeds 20 --processes 2

lab: $(READY)  ## open JupyterLab
	@$(BIN)/jupyter lab

tour: $(READY)  ## open the ten-minute tour in JupyterLab
	@$(BIN)/jupyter lab course/demo.ipynb

tour-picture: $(READY)  ## execute the tour again and take the README's picture from it
	@$(GRADER) tour

syllabus: $(READY)  ## write course/guides/syllabus.md: what is taught where, and which cell checks it
	@$(GRADER) syllabus

figures: $(READY)  ## draw the guides' figures into course/guides/figures/
	@$(BIN)/python -m course.figures

release: $(READY)  ## generate starters into release/ (LESSON= for one lesson)
	@$(GRADER) release $(LESSON)

solution: $(READY)  ## generate executed solutions, which must earn full marks (LESSON= for one)
	@$(GRADER) solution $(LESSON)
	@$(GRADER) catalogue
	@$(GRADER) syllabus

worked: $(READY)  ## store what right and wrong answers return on the worked examples (LESSON= for one)
	@$(GRADER) worked $(LESSON)

student: $(READY)  ## write what students get into student/ (OPTIONS="--zip --address https://...")
	@$(GRADER) student $(OPTIONS)

site: $(READY)  ## build the course's own page into _site/: lessons, guides, tour, search
	@$(GRADER) site $(OPTIONS)

roster: $(READY)  ## put the class into the gradebook (FILE=students.csv)
	@test -n "$(FILE)" || { echo "error: name a file: make roster FILE=students.csv" >&2; exit 2; }
	@$(GRADER) roster "$(FILE)"

due: $(READY) lesson  ## set when a lesson is due (LESSON=..., DATE="2026-12-01 18:00 Europe/Berlin")
	@$(GRADER) due $(LESSON) "$(DATE)"

collect: $(READY) lesson  ## take in Canvas' or Moodle's download (LESSON=..., FILE=submissions.zip)
	@test -n "$(FILE)" || { echo "error: name a file: make collect LESSON=01_rnn FILE=submissions.zip" >&2; exit 2; }
	@$(GRADER) collect $(LESSON) "$(FILE)" $(OPTIONS)

autograde: $(READY) lesson  ## grade submitted/ (LESSON=..., OPTIONS="--workers 4 --scheduler ADDRESS")
	@$(GRADER) autograde $(LESSON) $(OPTIONS)

feedback: $(READY) lesson  ## write feedback pages (LESSON=..., OPTIONS="--student ada")
	@$(GRADER) feedback $(LESSON) $(OPTIONS)

report: $(READY)  ## write the class report: a page for the course, one for each lesson graded so far
	@$(GRADER) report

export: $(READY)  ## print scores as CSV (LESSON= for one, OPTIONS="--layout canvas --output scores.csv")
	@$(GRADER) export $(LESSON) $(OPTIONS)

tidy: $(READY)  ## clear outputs of the sources and fix their cell ids
	@$(GRADER) tidy

lint: $(READY)  ## ruff check and ruff format --check
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: $(READY)  ## ruff's fixes and format
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

bench: $(READY)  ## measure the grader against stock nbgrader (LESSON= for all of a lesson)
	@$(BIN)/python -m benchmarks $(if $(LESSON),--lesson $(LESSON)) $(OPTIONS)

experiments: $(READY)  ## make the stored five-seed measurements again (half an hour of one core)
	@OMP_NUM_THREADS=1 $(BIN)/python -m experiments

clean:  ## remove caches and the built site; never a class's work, a gradebook or the virtual environment
	@find . -path ./$(VENV) -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -prune -exec rm -rf {} +
	@rm -rf build .pytest_cache .ruff_cache *.egg-info
	@test ! -f _site/.course-site.json || rm -rf _site
	@echo "caches removed; submitted/, autograded/, feedback/, gradebook.db and .grader/ are untouched"

.PHONY: lesson
lesson:
	@test -n "$(LESSON)" || { echo "error: name a lesson: make $(MAKECMDGOALS) LESSON=01_rnn" >&2; exit 2; }
