# Everything a newcomer needs: `make demo` and `make test`. Each installs what
# is missing, or says what to install.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO       ?= go
TOOL      = $(GO) tool -modfile=tools/go.mod
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# As root Chromium does not start without this; the product never adds it by itself.
SANDBOX  := $(shell [ "$$(id -u)" = 0 ] && echo --no-sandbox)
# The race detector. What it looks at beside that, pointers that are unsafe, costs
# SQLite, which is translated from C, as much again; ours are on Windows only.
RACE     := -race -gcflags=all=-d=checkptr=0
FUZZTIME ?= 20s
RUNS     ?= 3
SEED     ?= 0
ORDERS   ?= 300

export CGO_ENABLED ?= 0
# The race detector waits a second at the end of each process; poactor is started 200 times.
export GORACE ?= atexit_sleep_ms=0

# Tests whose names begin so are the slow ones: kills, chaos, full disks, every browser. make test leaves
# them out, and make test-faults runs nothing else: together they run each test once.
FAULTS    = ^TestFaults
FAULTPKGS = $(shell grep -rl --include='*_test.go' '^func TestFaults' . | xargs -n1 dirname | sort -u)
# Packages without goroutines and locks of ours are tested without the race detector.
PUREPKGS  = $(addprefix ./,$(wildcard po messages portal \
	$(addprefix internal/,batch outdir preferences progress report resource results schedule xlsx)))
RACEPKGS  = $(filter-out $(PUREPKGS),$(shell find . -name '*_test.go' | xargs -n1 dirname | sort -u))
# Where lines of over 120 columns still stand: what is mended leaves the list, and nothing is added.
LONGLINES = config.go open.go $(addsuffix /*.go,actors bench cmd/poactor messages po $(addprefix internal/,browser \
	doctor fastlane ledger progress progress/live schedule testportal testportal/plain))
GOTEST    = $(TOOL) gotestsum --format pkgname --format-hide-empty-pkg --hide-summary skipped

.PHONY: help build demo test test-faults lint cross notices captures fuzz chaos kills soak bench cover chromium compiler clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

build: ## bin/poactor, one static binary
	$(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/poactor ./cmd/poactor

demo: chromium build ## 60 orders from the built-in portal with 4 real browsers
	bin/poactor demo --workers 4 $(SANDBOX)

test: chromium compiler ## what a change must pass: unit, stories, scripts, real browsers; under 5 minutes
	$(GOTEST) -- -vet=off -timeout 15m -skip '$(FAULTS)' $(PUREPKGS)
	CGO_ENABLED=1 $(GOTEST) -- $(RACE) -vet=off -timeout 15m -skip '$(FAULTS)' $(RACEPKGS)

test-faults: chromium compiler ## the rest: kills, chaos, full disks, every browser; what fails is tried once more
	@report=$$(mktemp); trap 'rm -f '$$report EXIT; failed=0; \
	CGO_ENABLED=1 $(GOTEST) --packages '$(FAULTPKGS)' --rerun-fails=1 --rerun-fails-run-root-test \
		--rerun-fails-abort-on-data-race --rerun-fails-report $$report -- \
		$(RACE) -vet=off -timeout 25m -p 1 -count 1 -run '$(FAULTS)' || failed=$$?; \
	sed -n 's/^\(.*\): 2 runs, 1 failures$$/flaky: \1/p' $$report; exit $$failed

lint: compiler ## gofmt, line lengths, vet, staticcheck, errcheck, unparam; govulncheck where its database can be reached
	@# With -race, as the tests: what all packages need is compiled once, and not twice.
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "gofmt would change:"; echo "$$unformatted"; exit 1; }
	@git ls-files '*.go' ':!*_test.go' ${LONGLINES:%=':(exclude,glob)%'} | LC_ALL=C xargs awk \
		'length > 120 { print FILENAME ":" FNR ": the line has more than 120 columns"; long = 1 } END { exit long }'
	CGO_ENABLED=1 $(GO) vet $(RACE) ./...
	CGO_ENABLED=1 GOFLAGS='$(RACE)' $$($(TOOL) -n staticcheck) ./...
	CGO_ENABLED=1 GOFLAGS='$(RACE)' $$($(TOOL) -n errcheck) -ignoretests -exclude tools/errcheck.txt ./...
	CGO_ENABLED=1 GOFLAGS='$(RACE)' $$($(TOOL) -n unparam) ./...
	@log=$$(mktemp); trap 'rm -f '$$log EXIT; \
	if timeout 60 $(TOOL) govulncheck ./... >$$log 2>&1; then tail -n 1 $$log; \
	elif grep -q 'Vulnerability #' $$log; then cat $$log; exit 1; \
	else echo "govulncheck: its database cannot be reached from here; left out"; fi

cross: ## builds and vets for Windows and macOS
	GOOS=windows $(GO) build ./... && GOOS=windows $(GO) vet ./...
	GOOS=darwin $(GO) build ./... && GOOS=darwin $(GO) vet ./...

notices: ## THIRD-PARTY-NOTICES.txt, the licences of all that is linked
	$(GO) test ./tests -run '^TestNotices$$' -count 1 -notices

captures: chromium ## docs/captures, the README's pictures of a terminal, from a real run
	$(GO) test ./cmd/poactor -run '^TestCaptures$$' -count 1 -captures $(CURDIR)/docs/captures

fuzz: ## each fuzz target for FUZZTIME (20s)
	@for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$target"; $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done

chaos: chromium build ## 300 orders, at least 300 faults of every kind; SEED (the time), ORDERS (300), FAST=--fast
	bin/poactor chaos --orders $(ORDERS) --seed $(SEED) --workers 4 $(SANDBOX) $(FAST)

kills: chromium ## poactor killed with -9: 150 times with plain sessions, 50 times with browsers
	$(GO) test ./cmd/poactor -run TestKillAtAnyMoment -kills 150 -kills-real 50 -timeout 60m -v

soak: chromium ## 2,000 orders in one run: memory, processes and open files stay flat
	$(GO) test ./cmd/poactor -run TestSoak -soak 2000 -timeout 60m -v

bench: chromium build ## orders a minute, CPU and memory, against the floor; RUNS (3) of each; FAST=--fast for the fast lane
	$(GO) run ./bench -runs $(RUNS) -poactor bin/poactor $(SANDBOX) $(FAST)

cover: chromium ## coverage, by package and in all
	CGO_ENABLED=1 $(GO) test -coverprofile cover.out -coverpkg ./... ./...
	$(GO) tool cover -func cover.out | tail -n 1

chromium: # a browser, or one line that says what to install; on Windows and macOS they are not on the path
	@case "$$(uname -s)" in Linux) ;; *) exit 0 ;; esac; command -v chromium >/dev/null || command -v google-chrome >/dev/null || command -v microsoft-edge >/dev/null || \
	if [ "$$(uname -s)" = Linux ] && command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "installing chromium"; apt-get -qq update && export DEBIAN_FRONTEND=noninteractive; \
		apt-get -qq install -y --no-install-recommends chromium chromium-headless-shell >/dev/null || apt-get -qq install -y --no-install-recommends chromium >/dev/null; \
	else echo "no browser found: install Chromium, Chrome or Edge (Debian: sudo apt-get install chromium)"; exit 1; fi

compiler: # the race detector wants a C compiler
	@command -v gcc >/dev/null || command -v clang >/dev/null || command -v cc >/dev/null || \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "installing gcc"; apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends gcc libc6-dev >/dev/null; \
	else echo "no C compiler found, which the race detector needs: install gcc (Debian: sudo apt-get install gcc libc6-dev)"; exit 1; fi

clean: ## removes what make made
	rm -rf bin cover.out
