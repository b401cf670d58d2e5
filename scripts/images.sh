#!/usr/bin/env bash
# Builds the images localhost/concert-dapr/<app>:<TAG>, by docker where an engine answers, by podman, or else by the .NET SDK
# alone, as archives in .local/images. Read by `make images`; the environment decides:
#   TAG=dev  DAPR_SDK=official|inrepo  APPS="gateway …"  PREFIX=localhost/concert-dapr  ENGINE=docker|podman|archives
#   BASE=local (made here, of Debian's packages and this machine's .NET) or an ASP.NET Core image; SDK_BASE=a .NET SDK image
set -euo pipefail
cd "$(dirname "$0")/.."

TAG=${TAG:-dev} DAPR_SDK=${DAPR_SDK:-official} PREFIX=${PREFIX:-localhost/concert-dapr} BASE=${BASE:-} SDK_BASE=${SDK_BASE:-}
APPS=${APPS:-gateway catalog queue reservation payment users notification rush sidecar}
case $DAPR_SDK in official | inrepo) ;; *) echo "images: DAPR_SDK is official or inrepo, not $DAPR_SDK" >&2; exit 2 ;; esac

engine() {
  # A docker client without an engine is common.
  if docker info >/dev/null 2>&1; then echo docker
  elif command -v podman >/dev/null; then echo podman
  else echo archives; fi
}

project() { # APP
  case $1 in
    rush) echo loadtest/rush ;;
    sidecar) echo apps/platform/Sidecar ;;
    *) if [ -d "apps/$1" ] && [ "$1" != platform ]; then echo "apps/$1"; else echo "images: there is no app $1" >&2; exit 2; fi ;;
  esac
}

stage() { case $1 in rush | sidecar) echo program ;; *) echo service ;; esac; }

by_engine() { # COMMAND … : docker build or podman build, with what the engine needs
  local arguments=(--build-arg "DAPR_SDK=$DAPR_SDK" --build-arg "VERSION=$TAG" --build-arg "REVISION=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)") app path
  [ -z "$BASE" ] || arguments+=(--build-arg "RUNTIME_IMAGE=$BASE")
  [ -z "$SDK_BASE" ] || arguments+=(--build-arg "SDK_IMAGE=$SDK_BASE")
  for app in $APPS; do
    path=$(project "$app")
    "$@" "${arguments[@]}" --build-arg "PROJECT=$path" --target "$(stage "$app")" -t "$PREFIX/$app:$TAG" . >"$log" 2>&1 \
      || { tail -n 40 "$log" >&2; echo "images: $app could not be built; the whole log: $log" >&2; exit 1; }
    echo "$PREFIX/$app:$TAG"
  done
}

by_sdk() {
  local app path arguments=(-c Release -v quiet --nologo -t:PublishContainer "-p:DaprSdk=$DAPR_SDK" "-p:ContainerImageTag=$TAG")
  [ -z "$BASE" ] || arguments+=("-p:ContainerBaseImage=$BASE")
  for app in $APPS; do
    path=$(project "$app")
    dotnet publish "$path" "${arguments[@]}" "-p:ContainerRepository=${PREFIX#*/}/$app" "-p:ContainerArchiveOutputPath=$PWD/.local/images/$app.tar"
    echo ".local/images/$app.tar ($(du -h ".local/images/$app.tar" | cut -f1))"
  done
}

mkdir -p .local/images
log=$PWD/.local/images/build.log
ENGINE=${ENGINE:-$(engine)}
echo "images by $ENGINE, with the $DAPR_SDK Dapr SDK"
if [ "$BASE" = local ]; then
  [ "$ENGINE" = podman ] || { echo "images: BASE=local needs podman" >&2; exit 2; }
  bash scripts/base-images.sh
  BASE=localhost/concert-dapr/base-runtime:local SDK_BASE=localhost/concert-dapr/base-sdk:local
fi
case $ENGINE in
  docker) by_engine docker build ;;
  # Not podman's bridge, which leaves firewall rules behind; limits that a machine without all capabilities can set.
  podman) by_engine podman build --network=host --format docker --ulimit nofile=10000:10000 --ulimit nproc=10000:10000 ;;
  archives) by_sdk ;;
  *) echo "images: ENGINE is docker, podman or archives, not $ENGINE" >&2; exit 2 ;;
esac
