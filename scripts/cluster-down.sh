#!/usr/bin/env bash
# Deletes the cluster of cluster-up.sh, with everything in it: cluster-down.sh kind|minikube
set -euo pipefail
case ${1:?kind or minikube} in
  kind) exec kind delete cluster --name concert ;;
  minikube) exec minikube -p concert delete ;;
  *) echo "cluster-down: kind or minikube, not $1" >&2; exit 2 ;;
esac
