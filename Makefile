# Every target is one line. `make help` lists them.

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

.PHONY: build
build: ## build bin/reslog
	go build -trimpath -o bin/reslog ./cmd/reslog

.PHONY: serve
serve: ## run a node with its data in ./reslog-data
	go run ./cmd/reslog serve

.PHONY: demo
demo: ## show a node at work
	go run ./cmd/reslog demo

.PHONY: test
test: ## build, vet, lint and run every test, as CI does
	.ci/run

.PHONY: short
short: ## run the tests of the packages themselves, without real clients and without the race detector
	go test $$(go list ./... | grep -v -e /interop -e /faulttest)

.PHONY: lint
lint: ## run the linters
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run ./...

.PHONY: fmt
fmt: ## format the sources
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 fmt ./...

.PHONY: fuzz
fuzz: ## run every fuzz target for ten seconds
	.ci/fuzz 10s

.PHONY: bench
bench: ## measure and write bench/results, but for storage-logging.md and workspace.md, whose commands stand in them
	for b in storage "storage -suite queue-table" find redis signalr; do go run ./bench/$$b || exit 1; done
	for b in bus deliver query; do go run ./bench/$$b -out bench/results/$$b.md || exit 1; done

.PHONY: clean
clean: ## remove what was built
	rm -rf bin
