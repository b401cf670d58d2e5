#!/usr/bin/env bash
# From nothing to a running system on one machine: cluster-up.sh kind|minikube. Read by `make kind-up` and `make minikube-up`. Every step can be
# repeated; what is there already stays. The environment decides:
#   PUBSUB=redis|kafka   TAG=dev   IMAGES=build|keep   VALUES="more.yaml …"
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:?kind or minikube}
PUBSUB=${PUBSUB:-redis} TAG=${TAG:-dev} IMAGES=${IMAGES:-build} VALUES=${VALUES:-}
apps="gateway catalog queue reservation payment users notification rush"
# Versions that were chosen together; charts come from their projects' own repositories.
dapr=1.18.3 dashboard=0.15.0 k6_operator=4.6.0 metrics_server=3.13.0

case $kind in kind | minikube) ;; *) echo "cluster-up: kind or minikube, not $kind" >&2; exit 2 ;; esac
case $PUBSUB in redis | kafka) ;; *) echo "cluster-up: PUBSUB is redis or kafka, not $PUBSUB" >&2; exit 2 ;; esac
for tool in "$kind" kubectl helm; do
  command -v "$tool" >/dev/null || { echo "cluster-up: please install $tool" >&2; exit 1; }
done
step() { printf '\n== %s\n' "$*"; }

release() { # NAME NAMESPACE REPOSITORY CHART VERSION [OPTION …]
  local name=$1 namespace=$2 repository=$3 chart=$4 version=$5; shift 5
  helm upgrade --install "$name" "$chart" --repo "$repository" --version "$version" --namespace "$namespace" --create-namespace --wait --timeout 5m "$@" >/dev/null
  echo "$name $version"
}

step "cluster"
if [ "$kind" = kind ]; then
  kind get clusters 2>/dev/null | grep -qx concert || kind create cluster --config k8s/kind/cluster.yaml --wait 120s
  kubectl config use-context kind-concert
else
  # calico, for the default network does not carry out NetworkPolicies.
  minikube -p concert status >/dev/null 2>&1 || minikube -p concert start --cpus 4 --memory 8g --cni calico
  kubectl config use-context concert
fi

step "images"
[ "$IMAGES" = keep ] || TAG=$TAG APPS=$apps bash scripts/images.sh
registry=localhost
for app in $apps; do
  image=localhost/concert-dapr/$app:$TAG archive=$(mktemp --suffix .tar)
  if docker image inspect "$image" >/dev/null 2>&1; then docker save "$image" -o "$archive"
  elif podman image exists "$image" 2>/dev/null; then podman save --format docker-archive "$image" >"$archive"
  # Built without an engine: such archives name no registry, which means the default one.
  else cp ".local/images/$app.tar" "$archive"; registry=docker.io; fi
  if [ "$kind" = kind ]; then kind load image-archive "$archive" --name concert; else minikube -p concert image load "$archive"; fi
  rm -f "$archive"
done

step "Dapr, metrics-server, k6 Operator"
release dapr dapr-system https://dapr.github.io/helm-charts/ dapr $dapr --values k8s/dapr/values.yaml
release dapr-dashboard dapr-system https://dapr.github.io/helm-charts/ dapr-dashboard $dashboard
release metrics-server kube-system https://kubernetes-sigs.github.io/metrics-server/ metrics-server $metrics_server --set 'args={--kubelet-insecure-tls}'
release k6-operator k6-operator-system https://grafana.github.io/helm-charts k6-operator $k6_operator --set namespace.create=false

step "Redis, Postgres; events over $PUBSUB"
kubectl apply -f k8s/namespace.yaml -f k8s/data/namespace.yaml
bash scripts/kube-secrets.sh concert data
kubectl apply -k k8s/data
servers="redis postgres"
if [ "$PUBSUB" = kafka ]; then kubectl apply -k k8s/kafka; servers="$servers kafka"; fi
for server in $servers; do kubectl -n data rollout status "statefulset/$server" --timeout=180s; done

step "telemetry"
bash scripts/telemetry-secrets.sh data
if [ "$PUBSUB" = kafka ]; then kubectl apply -k k8s/telemetry-kafka; else kubectl apply -k k8s/telemetry; fi

step "ConcertDapr"
more=(); for file in $VALUES; do more+=(--values "$file"); done
helm upgrade --install concert charts/concert-dapr --namespace concert --values charts/concert-dapr/values-kind.yaml "${more[@]}" \
  --set image.registry=$registry --set image.tag="$TAG" --set pubsub.kind="$PUBSUB" --wait --timeout 10m

step "a ticket"
helm test concert --namespace concert --logs

address=http://127.0.0.1:8080
[ "$kind" = kind ] || address=$(minikube -p concert service gateway --namespace concert --url | head -n 1)
cat <<TEXT

The gateway          $address/api/v1/concerts
Pods and scaling     kubectl -n concert get pods,hpa -w
The Dapr dashboard   kubectl -n dapr-system port-forward svc/dapr-dashboard 8081:8080, then http://127.0.0.1:8081
Grafana              kubectl -n monitoring port-forward svc/grafana 3000:3000, then http://127.0.0.1:3000
All of it away       make $kind-down
TEXT
