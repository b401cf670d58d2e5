# `make up` and `make test` are all anyone needs; both install what is missing on Debian and Ubuntu.
.DEFAULT_GOAL := help
SHELL := /bin/bash

CONFIG  := Release
DOTNET  := dotnet
BUILT   := apps/platform/DevHost/bin/built
SOURCES := $(shell find apps loadtest -name bin -prune -o -name obj -prune -o \( -name '*.cs' -o -name '*.csproj' -o -name '*.proto' -o -name '*.sql' \) -print) \
           Directory.Build.props Directory.Packages.props global.json
DEVHOST := $(DOTNET) apps/platform/DevHost/bin/$(CONFIG)/net10.0/DevHost.dll
RUSH    := $(DOTNET) loadtest/rush/bin/$(CONFIG)/net10.0/Rush.dll
CRASH   := $(DOTNET) loadtest/crash/bin/$(CONFIG)/net10.0/Crash.dll
SOAK    := $(DOTNET) loadtest/soak/bin/$(CONFIG)/net10.0/Soak.dll
BENCH   := $(DOTNET) loadtest/bench/bin/$(CONFIG)/net10.0/Bench.dll

# For this machine's runs only. Programs start and warm up faster where just-in-time code need not be mapped twice; and eight
# programs that share a few cores fare better without a collector's thread per core in each.
export DOTNET_EnableWriteXorExecute := 0
export DOTNET_gcServer := 0
export DOTNET_gcConcurrent := 0

SHARED  ?= ../shared
GOLDENS ?= $(SHARED)/goldens
SCOPE   ?= core
AREAS   ?= *
PACKAGES ?= .local/packages

# Read by scripts/images.sh, which has their defaults.
export TAG DAPR_SDK APPS PREFIX ENGINE BASE SDK_BASE

.PHONY: help up restart reseed test charts rules rush audit load load-all testruns bench crash takeovers soak conformance packages images containers kind-up kind-down minikube-up minikube-down clean services

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

up: services $(BUILT) ## start everything; Ctrl-C stops it. ARGS="--reseed", ARGS="users catalog", ARGS="--port-offset 1000"
	@exec $(DEVHOST) up $(ARGS)

restart: ## restart one app of the running system: make restart APP=payment
	@$(DEVHOST) restart $(APP)

reseed: $(BUILT) ## delete the data of the stopped system; the next `make up` starts with fresh demo data
	@$(DEVHOST) wipe

test: services ## build everything and run all tests
	@bash scripts/test.sh

charts: ## check the Helm chart: every profile rendered, validated and cross-checked, broken variants caught (part of `make test`)
	@bash scripts/kube-tools.sh && $(DOTNET) test tests/charts -c $(CONFIG) --nologo -v quiet

rules: ## check alerts, runbooks, dashboards and the manifests of k8s/telemetry with promtool (part of `make test`)
	@bash scripts/kube-tools.sh && bash scripts/rule-tools.sh && $(DOTNET) test tests/telemetry -c $(CONFIG) --nologo -v quiet

rush: $(BUILT) ## 500 fans rush 200 seats of the running system, then the audit. ARGS="--runs 20", ARGS="sell-out", ARGS="hot-seat"
	@$(RUSH) $(ARGS)

audit: $(BUILT) ## compare the books of the running system
	@$(RUSH) audit $(ARGS)

load: $(BUILT) ## run one k6 script of loadtest/k6, then the audit: make load SCRIPT=journey. K6="…" names another runner than k6
	@bash scripts/load.sh $(SCRIPT)

load-all: $(BUILT) ## run all k6 scripts at laptop scale with an audit after each (half an hour), then the decision report
	@bash scripts/load-all.sh

testruns: ## make k8s/loadtest, the k6 Operator's TestRuns, from loadtest/k6
	@node loadtest/testruns.mjs

bench: services $(BUILT) ## what Dapr calls, holds and payments cost, as shares of what this machine can do. ARGS=sidecars, ARGS=dapr, ARGS=purchases
	@$(BENCH) $(ARGS)

crash: services $(BUILT) ## kill sidecar and app at 300 points of running workflows, then check every history. ARGS="--seed 1 --kills 300"
	@$(CRASH) $(ARGS)

soak: services $(BUILT) ## a million requests of all kinds and 100,000 malformed ones against one sidecar. ARGS="--requests 100000 --seed 2"
	@$(SOAK) $(ARGS)

takeovers: services $(BUILT) ## kill one of two replicas 100 times while actors are called and workflows run, then compare the books. ARGS="--seed 1 --within 3"
	@$(CRASH) takeovers $(ARGS)

conformance: $(BUILT) ## compare the embedded sidecar with recordings of daprd. AREAS='http/*' SCOPE=core GOLDENS='dir …'
	@bash scripts/conformance.sh "$(SHARED)" "$(GOLDENS)" "$(SCOPE)" "$(AREAS)"

packages: ## pack the sidecar as a tool and the test host as a library, and use both as a stranger would. PACKAGES=folder
	@bash scripts/packages.sh $(PACKAGES)

images: ## build the container images. TAG=dev, DAPR_SDK=inrepo, APPS="gateway queue", BASE=local (docs/images.md)
	@bash scripts/images.sh

containers: ## run the rendered chart's containers with podman, buy a ticket, remove everything; as root, from nothing
	@bash scripts/containers.sh

kind-up: ## a kind cluster from nothing to a sold ticket. PUBSUB=kafka, TAG=…, IMAGES=keep, VALUES="more.yaml"
	@bash scripts/cluster-up.sh kind

kind-down: ## delete the kind cluster
	@bash scripts/cluster-down.sh kind

minikube-up: ## the same on minikube
	@bash scripts/cluster-up.sh minikube

minikube-down: ## delete the minikube cluster
	@bash scripts/cluster-down.sh minikube

clean: ## delete build results and data
	@rm -rf .local; find . -type d \( -name bin -o -name obj \) -not -path '*/node_modules/*' -prune -exec rm -rf {} +

services:
	@bash scripts/install-services.sh

$(BUILT): $(SOURCES)
	@bash scripts/require-sdk.sh
	@$(DOTNET) build run.slnf -c $(CONFIG) -v quiet --nologo -clp:ErrorsOnly
	@touch $@
