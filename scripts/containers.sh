#!/usr/bin/env bash
# `make containers`: images built here, the chart rendered, its pods started with podman and their sidecars beside them, a ticket
# bought by `helm test`, everything removed. Needs root, apt, the .NET SDK and Node; installs the rest (docs/images.md).
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || { echo "containers: run this as root: containers and their network are made by hand here" >&2; exit 1; }
work=$PWD/.local/containers
(umask 077; mkdir -p "$work")

bash scripts/require-sdk.sh
bash scripts/install.sh podman:podman runc:runc debootstrap:debootstrap ip:iproute2 unshare:util-linux
bash scripts/kube-tools.sh
bash scripts/base-images.sh servers
TAG=containers DAPR_SDK=inrepo BASE=local ENGINE=podman bash scripts/images.sh
dotnet build tools/containers -c Release -v quiet --nologo -clp:ErrorsOnly

secret() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
.local/tools/bin/helm template concert charts/concert-dapr --namespace concert -f charts/concert-dapr/values-dev.yaml -f - >"$work/rendered.yaml" <<VALUES
image: {tag: containers}
# There is no address translation: Services have their pods' ports.
service: {port: 8080}
postgres: {host: postgres}
redis: {address: "redis:6379"}
secrets:
  create: true
  values: {appToken: $(secret), apiToken: $(secret), queueTokenKeys: "k1:$(secret)", postgresPassword: $(secret), redisPassword: $(secret)}
VALUES

# A network of their own for all containers, with nothing but loopback: no port is taken from this machine, and nothing gets out.
exec unshare --net -- bash -c 'ip link set lo up && exec dotnet tools/containers/bin/Release/net10.0/Containers.dll "$@"' containers "$work/rendered.yaml" "$work"
