# What CI runs is what a person runs. `make run` and `make test` are all a newcomer needs.

SWIFT    ?= swift
BINARY   := .build/debug/cloudapi
RELEASE  := .build/release/cloudapi
LISTEN   ?= 127.0.0.1:8080
SHARED   ?= ../shared
# With the driver for libvirt where its library is; see Package.swift.
export CLOUDAPI_LIBVIRT ?= $(shell pkg-config --exists libvirt 2>/dev/null && echo 1)
AS_ROOT  := $(if $(filter 0,$(shell id -u)),,sudo)
# BUILT=1 says that everything is built, as in .ci/run, whose suites run beside each other: nothing is built, and nothing waits for SwiftPM's lock.
BUILD    := $(if $(BUILT),@true,$(SWIFT) build)

.PHONY: run test test-swift test-conformance test-durability test-postgres test-points test-points-cluster test-failover test-signals test-oauth test-costs test-docs test-cli test-peers test-fuzz test-browser check bench release openapi setup clean

## Install what is missing, build, initialise ./data, serve. A debug build: it shares its objects with `make test`.
run: setup
	$(SWIFT) build --product cloudapi
	$(BINARY) serve --data ./data --listen $(LISTEN)

## Everything that needs nothing but this machine: at most 15 minutes from a clean clone.
test: setup test-swift test-conformance test-durability

## Six tests at a time: more of them on a small machine make those wait that speak to real sockets.
test-swift: setup
	$(BUILD) --build-tests
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=6 $(SWIFT) test --skip-build --ignore-lock

## The documented APIs, replayed against the binary, and what an operator does to it.
test-conformance: $(BINARY)
	python3 Tests/Conformance/run.py --binary $(BINARY)
	python3 Tests/Conformance/operations.py --binary $(BINARY)

## kill -9 under load, on a real disk and on one that forgets what was not synced; a full disk.
test-durability: $(BINARY)
	python3 Tests/Durability/test_disk.py
	python3 Tests/Durability/durability.py --binary $(BINARY) --rounds 2
	python3 Tests/Durability/durability.py --binary $(BINARY) --rounds 2 --lossy
	python3 Tests/Durability/durability.py --binary $(BINARY) --rounds 1 --lossy --synchronous off --expect-loss
	python3 Tests/Durability/fulldisk.py --binary $(BINARY)
	python3 Tests/Durability/crashmatrix.py --binary $(BINARY) --step 400
	python3 Tests/Durability/races.py --binary $(BINARY) --rounds 20
	python3 Tests/Durability/ingest.py --binary $(BINARY) --rounds 3
	python3 Tests/Durability/imports.py --binary $(BINARY)

## Every Swift test, the seeds, kill -9 and an operator's mishaps on a private PostgreSQL 15; three servers on one database.
test-postgres: setup
	$(BUILD) --build-tests
	$(BUILD) --product cloudapi
	scripts/test-postgres.sh
	python3 Tests/Conformance/postgresql.py --binary $(BINARY)
	python3 Tests/Durability/servers.py --binary $(BINARY)

## Points read from a real ClickHouse: the same answers, byte for byte. Installs clickhouse-server.
test-points: setup
	$(BUILD) --build-tests
	scripts/test-points.sh

## The same from two shards of two replicas, some of them killed meanwhile. Not part of .ci/run. Installs clickhouse-server and ZooKeeper.
test-points-cluster: $(BINARY)
	scripts/setup.sh clickhouse-server libzookeeper-java default-jre-headless
	python3 Tests/Durability/pointcluster.py --binary $(BINARY)

## What a failing primary, a pooler and a cut network do to three servers under load. Needs root.
test-failover: $(BINARY)
	scripts/setup.sh pgbouncer iproute2
	$(AS_ROOT) python3 Tests/Durability/failover.py --binary $(BINARY)

## Webhooks as the libraries of their receivers see them; kill -9 in a storm of changes; live listeners.
test-signals: $(BINARY)
	python3 Tests/Conformance/webhooks.py --binary $(BINARY)
	python3 Tests/Conformance/live.py --binary $(BINARY) --listeners 50

## Every OAuth flow, completed by Authlib and requests-oauthlib, and Apache asking about tokens; the quick start, by a client generated from /openapi.json.
test-oauth: $(BINARY)
	scripts/setup.sh apache2-bin libapache2-mod-auth-openidc openssl
	python3 Tests/Conformance/oauth.py --binary $(BINARY)
	python3 Tests/Conformance/client.py --binary $(BINARY)

## Bills and cost views against an independent computation in decimals: the difference must be zero.
test-costs: $(BINARY)
	python3 Tests/Conformance/costs.py --binary $(BINARY) --shared $(SHARED)
	python3 Tests/Conformance/focus.py --binary $(BINARY)

## Everything the documentation tells people to run: README, docs/, and the pages under /docs.
test-docs: $(BINARY)
	scripts/setup.sh curl jq
	python3 Tests/Conformance/docs.py --binary $(BINARY)

## The command line against a real server: logins, tables, waiting, following, listening, applying, exit statuses, completion in bash, zsh and fish.
test-cli: $(BINARY)
	scripts/setup.sh zsh fish
	python3 Tests/Conformance/cli.py --binary $(BINARY)

## Every provider on peers of its own: dockerd, podman, libvirtd with QEMU, Swift, and moto, an emulator of AWS. Needs root.
test-peers: export CLOUDAPI_LIBVIRT = 1
test-peers: setup
	scripts/setup.sh libvirt-dev
	$(BUILD) --build-tests
	$(BUILD) --product cloudapi
	scripts/test-peers.sh

## schemathesis over /openapi.json.
test-fuzz: $(BINARY)
	python3 Tests/Fuzz/contract.py --binary $(BINARY) --max-examples 5 --max-time 300

## A headless Chromium walks the dashboard and /docs; .build/screenshots has every page, `python3 Tests/Browser/album.py` an index.html of them.
test-browser: $(BINARY)
	scripts/setup.sh chromium chromium-driver
	rm -rf .build/screenshots
	python3 Tests/Browser/browser.py --binary $(BINARY)
	python3 Tests/Browser/costs.py --binary $(BINARY)

## Format lint; builds everything once, with warnings as errors.
check: setup
	$(SWIFT) format lint --strict --recursive --configuration .swift-format Sources Tests Benchmarks Package.swift
	$(BUILD) --build-tests
	$(BUILD) --product cloudapi

## One table from one run; docs/benchmarks.md keeps the last.
bench: release
	scripts/setup.sh wrk
	$(SWIFT) build -c release --product bare-hummingbird
	python3 Benchmarks/bench.py --binary $(RELEASE)

release: setup
	$(SWIFT) build -c release --product cloudapi

## openapi/cloudapi.json, from the route table.
openapi: $(BINARY)
	$(BINARY) openapi > openapi/cloudapi.json

setup:
	scripts/setup.sh

$(BINARY): setup
	$(BUILD) --product cloudapi

clean:
	rm -rf .build
