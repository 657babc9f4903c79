# What a developer types. Everything runs in .venv; the database is SQLite in DATA_DIR unless DATABASE_URL says otherwise.
bin := .venv/bin
python := $(bin)/python
packages := backoffice fees registry training
# Test files that never ask for the database, without those that typeset PDFs (20 seconds). Of these the marker `fast`
# (tests/conftest.py) takes what needs neither database nor browser. Named files are collected alone: 10 seconds less.
fast_files = $(shell grep -rLw django_db --include='test_*.py' --exclude-dir=browser --exclude=test_printing.py tests)
# make bench NAME=lists ARGS="--db postgres"
NAME ?= import_certificates
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install serve demo worker test fast postgres lint format types check matrix catalogue bench all

help: ## what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

install: ## packages for development, and the hooks of .pre-commit-config.yaml
	[ -x $(python) ] || python3 -m venv .venv
	$(python) -m pip install --quiet --requirement requirements-dev.txt
	$(bin)/pre-commit install

serve: ## the development server
	$(python) manage.py migrate --no-input
	$(python) manage.py runserver

demo: ## an association with people, classes and work at every desk, served on port 8000
	$(python) manage.py demo

worker: ## background work on its own (TASKS_BACKEND=worker)
	$(python) manage.py worker

test: ## the whole suite, on the database of DATABASE_URL
	$(python) -m pytest -n 2

fast: ## what needs neither database nor browser: within a minute
	$(python) -m pytest -n 0 -m fast $(fast_files)

postgres: ## the whole suite on PostgreSQL, threads included
	DATABASE_URL=$${CI_DATABASE_URL:-postgres://root@127.0.0.1:5432/backoffice} REQUIRE_POSTGRES=1 $(python) -m pytest -n 2

lint: ## ruff, djhtml, one direction of imports
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/djhtml --check templates
	$(bin)/lint-imports

format: ## write what lint would ask for
	$(bin)/ruff check --fix .
	$(bin)/ruff format .
	$(bin)/djhtml templates

types: ## mypy
	$(bin)/mypy $(packages)

check: ## system checks, and that no migration is missing
	$(python) manage.py check
	$(python) manage.py makemigrations --check --dry-run

matrix: ## write the access matrix anew; read the diff afterwards
	UPDATE_ACCESS_MATRIX=1 $(python) -m pytest -n 0 tests/test_access_matrix.py

catalogue: ## collect the strings, and list what is not translated
	.ci/catalogue

bench: ## one benchmark: make bench NAME=lists ARGS="--db postgres"
	$(python) -m benchmarks.$(NAME) $(ARGS)

all: ## everything that a change must pass, as CI does it
	.ci/run
