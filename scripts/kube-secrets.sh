#!/usr/bin/env bash
# Makes the Secrets that the chart and k8s/data read, with random values; what is there already stays as it is.
#   kube-secrets.sh [--print] [NAMESPACE] [DATA_NAMESPACE]     --print: to standard output instead of the cluster
set -euo pipefail
cd "$(dirname "$0")/.."
print=
if [ "${1:-}" = --print ]; then print=1; shift; fi
apps=${1:-concert} data=${2:-data}
PATH=$PATH:$PWD/.local/tools/bin

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

secret() { # NAMESPACE NAME KEY=VALUE …
  local namespace=$1 name=$2; shift 2
  if [ -n "$print" ]; then
    echo ---
  elif kubectl -n "$namespace" get secret "$name" >/dev/null 2>&1; then
    echo "secret $namespace/$name is there already"
    return
  fi
  kubectl -n "$namespace" create secret generic "$name" "${@/#/--from-literal=}" ${print:+--dry-run=client -o yaml}
}

# The databases' passwords stand in both namespaces, so an earlier one is kept.
password() { # NAME
  local value=
  [ -n "$print" ] || value=$(kubectl -n "$data" get secret "$1" -o 'jsonpath={.data.password}' 2>/dev/null | base64 -d || true)
  echo "${value:-$(random)}"
}

if [ -z "$print" ]; then
  for namespace in "$apps" "$data"; do
    kubectl get namespace "$namespace" >/dev/null 2>&1 || kubectl create namespace "$namespace"
  done
fi
postgres=$(password postgres) redis=$(password redis)
secret "$data" postgres password="$postgres"
secret "$data" redis password="$redis"
secret "$apps" concert-dapr queue-token-keys="k1:$(random)" postgres-password="$postgres" redis-password="$redis" \
  kafka-username=concert kafka-password="$(random)"
secret "$apps" concert-dapr-app-token token="$(random)"
secret "$apps" concert-dapr-api-token token="$(random)"
