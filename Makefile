# One command for each thing a developer does; `make help` lists them. CI runs the same targets (.ci/run).
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --warn-undefined-variables --no-builtin-rules --no-print-directory

GO ?= go
# What `make test` adds to go test, such as TESTFLAGS='-run TestClaim -v'.
TESTFLAGS ?=
# The longest test drives a whole working day; on two laden cores everything takes about a third of this.
TIMEOUT ?= 20m
# How long `make chaos` does harm and `make soak` works the floor, how many claims `make soak` makes of the record alone
# (five million take an hour or two), and what `make bench` measures (empty: everything).
CHAOS ?= 10m
SOAK ?= 10m
CLAIMS ?= 5000000
BENCH ?=

BUF := $(GO) tool -modfile=tools/go.mod buf
LINT := $(GO) tool -modfile=.ci/tools/go.mod golangci-lint

.PHONY: help
help: ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: build
build: ## Build bin/dialerd and bin/dialctl, static.
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/ ./cmd/...

.PHONY: run
run: ## Serve a demonstration: invented people, simulated agents, and a place beside them for you.
	$(GO) run ./cmd/dialerd --demo

.PHONY: test
test: deps ## Run every test, on SQLite and on a real PostgreSQL and Redis.
	$(GO) test -timeout $(TIMEOUT) $(TESTFLAGS) ./...

.PHONY: race
race: deps ## The same under the race detector.
	$(GO) test -race -timeout $(TIMEOUT) $(TESTFLAGS) ./...

.PHONY: chaos
chaos: deps ## Do every fault at random for CHAOS (10m, at least 50 kills), then ask for all that was acknowledged.
	REDIAL_CHAOS=$(CHAOS) $(GO) test -timeout 0 -count 1 -p 1 -run 'NothingIsLost|I8RedisFaults' -v $(TESTFLAGS) ./cmd/internal/chaos ./cmd/internal/app

.PHONY: soak
soak: deps ## Work the floor for SOAK (10m) with few faults, then the record alone for CLAIMS (5,000,000): sizes of indexes, an audit.
	REDIAL_SOAK=$(SOAK) REDIAL_CLAIMS=$(CLAIMS) $(GO) test -timeout 0 -count 1 -p 1 -run Soak -v $(TESTFLAGS) ./cmd/internal/chaos ./campaign/store

.PHONY: bench
bench: deps ## Measure speed beside its limits and goals, about 25 minutes; BENCH="NAME --engine postgres --long --markdown" for others.
	$(GO) run ./cmd/dialctl bench $(BENCH)

.PHONY: deps
deps: # What the tests start: installed where that is possible, told where it is not.
	@.ci/deps

.PHONY: check
check: lint proto-check ## All that CI holds besides the tests.
	$(GO) mod verify
	$(GO) test -count 1 -run Imports ./cmd/internal/app

.PHONY: lint
lint: ## golangci-lint (gofmt, go vet, staticcheck and others, see .golangci.yml), and go fix has nothing to mend.
	$(LINT) run ./...
	$(GO) fix -diff ./...

.PHONY: proto
proto: ## Format and lint the protos and generate their code.
	cd proto && $(BUF) format -w && $(BUF) lint && $(BUF) generate

.PHONY: proto-check
proto-check: ## The protos are clean, break no client, and their code is what they generate.
	cd proto && $(BUF) format -d --exit-code && $(BUF) lint && $(BUF) breaking --against baseline.binpb
	@tmp="$$(mktemp -d)"; trap 'rm -rf "$$tmp"' EXIT; cd proto; $(BUF) generate -o "$$tmp"; \
	diff -r --brief -x '*.proto' -x 'buf*.yaml' -x tools -x baseline.binpb "$$tmp" . || { echo "run make proto"; exit 1; } >&2

.PHONY: proto-baseline
proto-baseline: ## At a release: what `make check` compares the protos with from now on.
	cd proto && $(BUF) build --exclude-source-info -o baseline.binpb

.PHONY: clean
clean: ## Remove what make built.
	rm -rf bin
