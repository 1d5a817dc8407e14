# Everything that people and machines do with this repository. `make help` lists it.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
RUNTIME := .runtime
TOOL    := go tool -modfile=tools/go.mod
BUF     := go tool -modfile=../../tools/buf/go.mod buf
export CGO_ENABLED := 0

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: run
run: build runtime ## start Observatory with everything it needs
	bin/observatory serve

.PHONY: build
build: bin/observatory ## build bin/observatory, dashboard included

# Those that are there: git also names what was removed and is not committed yet.
GO_SOURCES := $(wildcard $(shell git ls-files -co --exclude-standard -- '*.go' '*.sql' go.mod go.sum api/openapi.yaml internal/embedded 2>/dev/null))

# As tests and linters compile, so that all of them need each package compiled once.
bin/observatory: web/dist/index.html $(GO_SOURCES)
	go build -ldflags '-s -w -X main.version=$(VERSION)' -o $@ ./cmd/observatory

web/node_modules: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

WEB_SOURCES := $(wildcard $(shell git ls-files -co --exclude-standard -- web/src web/public 'web/*.html' 'web/*.ts' 'web/*.json' 2>/dev/null))

web/dist/index.html: web/node_modules $(WEB_SOURCES)
	cd web && npm run build
	@touch $@

.PHONY: runtime
runtime: $(RUNTIME)/node_modules ## install the embedded engines

$(RUNTIME)/node_modules: internal/embedded/engines/package.json internal/embedded/engines/package-lock.json
	@mkdir -p $(RUNTIME)
	cp internal/embedded/engines/package.json internal/embedded/engines/package-lock.json internal/embedded/engines/.npmrc $(RUNTIME)/
	cd $(RUNTIME) && npm ci --no-audit --no-fund
	@touch $@

.PHONY: test
test: build runtime test-tools ## run every test
	tests/run

.PHONY: test-tools
test-tools: ## install what only tests need: a browser, a real Redis
	tests/install

.PHONY: lint
lint: web/node_modules ## check the style of the code
	$(TOOL) golangci-lint run ./...
	cd api/proto && $(BUF) lint && $(BUF) format --diff --exit-code
	cd web && npm run lint && npm run typecheck

.PHONY: gen
gen: web/node_modules ## generate code from the contract and the queries
	$(TOOL) oapi-codegen -config api/gen.yaml api/openapi.yaml
	$(TOOL) sqlc generate
	cd api/proto && $(BUF) generate
	cd web && npm run gen

.PHONY: bench
bench: build runtime ## measure, and print the figures of docs/performance.md
	go run ./bench

.PHONY: verify
verify: build runtime ## slow conformance checks with outside tools
	tests/verify

.PHONY: format
format: ## format the code
	$(TOOL) gofumpt -w $(shell git ls-files '*.go' ':!:*/gen/*' ':!:*/db/*')

.PHONY: clean
clean: ## remove what was built, but not your data
	rm -rf bin web/dist/* web/node_modules tests/e2e/node_modules $(RUNTIME)
