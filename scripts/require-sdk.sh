#!/usr/bin/env bash
# Says in one line what is missing where the .NET SDK is.
set -euo pipefail
if ! command -v dotnet >/dev/null; then
  echo "The .NET SDK 10 is required: https://dotnet.microsoft.com/download" >&2
  exit 1
fi
