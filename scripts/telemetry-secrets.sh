#!/usr/bin/env bash
# Makes the Secret that k8s/telemetry reads: a random password for Grafana, those of Redis and Postgres from their own namespace, and the
# addresses of alerts from files where these are named. What is there already stays as it is.
#   [SLACK_URL_FILE=…] [WEBHOOK_URL_FILE=…] telemetry-secrets.sh [DATA_NAMESPACE]
set -euo pipefail
data=${1:-data}
if kubectl -n monitoring get secret telemetry-secrets >/dev/null 2>&1; then
  echo "secret monitoring/telemetry-secrets is there already"
  exit 0
fi
kubectl get namespace monitoring >/dev/null 2>&1 || kubectl create namespace monitoring
password() { kubectl -n "$data" get secret "$1" -o 'jsonpath={.data.password}' | base64 -d; }
addresses=()
[ -z "${SLACK_URL_FILE:-}" ] || addresses+=(--from-file=slack-url="$SLACK_URL_FILE")
[ -z "${WEBHOOK_URL_FILE:-}" ] || addresses+=(--from-file=webhook-url="$WEBHOOK_URL_FILE")
kubectl -n monitoring create secret generic telemetry-secrets --from-literal=grafana-password="$(od -An -N18 -tx1 /dev/urandom | tr -d ' \n')" \
  --from-literal=redis-password="$(password redis)" --from-literal=postgres-password="$(password postgres)" "${addresses[@]}"
