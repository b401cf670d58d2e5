#!/usr/bin/env bash
# Drives the embedded sidecar through recordings of daprd: conformance.sh SHARED "GOLDENS …" SCOPE AREAS
set -euo pipefail
shared=$1 goldens=$2 scope=$3 areas=$4
tool="$shared/tools/dapr-conformance/conformance.py"
if [ ! -f "$tool" ]; then
  echo "conformance: there are no recordings in $shared (set SHARED); the project's own tests cover the core behaviour"
  exit 0
fi
sidecar="dotnet $PWD/apps/platform/Sidecar/bin/Release/net10.0/Sidecar.dll"
areas_option=()
[ "$areas" = '*' ] || areas_option=(--areas "$areas")
# shellcheck disable=SC2086
exec /usr/bin/python3 "$tool" run --sidecar "$sidecar" --goldens $goldens --scope "$scope" "${areas_option[@]}"
