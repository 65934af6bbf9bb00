# Matoi. A machine needs Go ≥ 1.26, Node ≥ 20.19, git, make and gcc; `make setup`
# fetches the rest that the tests need. Every target can be run again.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The heavy packages start the program as processes of its own, PostgreSQL and a
# browser: the race detector in the test's process would see none of that. They
# run after the others, one at a time, so that they do not disturb each other's
# clocks. Everything else runs with -race.
HEAVY = $(shell go list ./... | grep /test/)
LIGHT = $(shell go list ./... | grep -v /test/)

UI_SOURCES = $(shell find ui i18n -type f -not -path 'ui/node_modules/*' -not -path 'ui/dist/*' -not -name '*.go' 2>/dev/null)

# How long `make soak` goes on in each test, and how long each fuzz target runs.
SOAK ?= 10m
FUZZTIME ?= 10s

.PHONY: generate help
help: ## say what there is
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: build ## build everything, start a whole small headquarters, open its doors on http://localhost
	bin/matoi demo

.PHONY: build
build: ui ## the web app and the one static binary, bin/matoi
	CGO_ENABLED=0 GOFIPS140=v1.0.0 go build -trimpath -o bin/matoi ./cmd/matoi

.PHONY: ui
ui: ui/dist/console.html ## the web app, when one of its sources changed

ui/node_modules/.package-lock.json: ui/package-lock.json
	cd ui && npm ci --no-audit --no-fund
	touch $@

ui/dist/console.html: ui/node_modules/.package-lock.json $(UI_SOURCES)
	cd ui && npm run build
	touch $@

.PHONY: setup
setup: ## install what the tests need (browser, fonts, PostgreSQL); says what, asks unless CI=true
	scripts/setup.sh $(SETUPFLAGS)

.PHONY: test
test: setup ui ## everything, about as a clean machine would run it
	go vet ./...
	cd ui && npm run check && npm test
	status=0; \
	go test -race -p 2 -timeout 15m $(LIGHT) || status=1; \
	go test -count=1 -p 1 -timeout 15m $(HEAVY) || status=1; \
	exit $$status

.PHONY: quick
quick: ## the inner loop: no browser, no long runs
	go test -short -p 2 -timeout 5m ./...

.PHONY: soak
soak: setup ui ## the long runs; SOAK=10m is how long each goes on
	MATOI_SOAK=$(SOAK) go test -count=1 -v -p 1 -timeout 0 -run Soak ./...

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME=10s
	scripts/fuzz.sh $(FUZZTIME)

.PHONY: images
images: setup ui ## make the pictures of the documents anew, docs/images
	mkdir -p docs/images
	go test -count=1 -run '^TestImages$$' ./test/journey -images "$(CURDIR)/docs/images"

.PHONY: bench
bench: ## print the benchmarks with machine, versions and date; asserts nothing
	scripts/bench.sh $(BENCH)

.PHONY: duties
duties: ## run the tests that hold duties, print every row; DUTIES=-mutate breaks the product and looks who notices
	go run ./test/duty/cmd/duties $(DUTIES)

.PHONY: lint
lint: ## format, linters, known vulnerabilities (its database is on the internet; VULN=no leaves it out)
	scripts/lint.sh

.PHONY: format
generate: ## write the query packages from SQL
	go run github.com/sqlc-dev/sqlc/cmd/sqlc@v1.31.1 generate

format: ## write every Go file in the one format
	git ls-files --cached --others --exclude-standard '*.go' | xargs go tool -modfile=tools/go.mod gofumpt -w

.PHONY: clean
clean: ## forget what was built
	rm -rf bin
	find ui/dist -mindepth 1 -not -name .keep -delete 2>/dev/null || true
