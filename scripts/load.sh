#!/usr/bin/env bash
# Runs one k6 script against the running system, then the audit: load.sh SCRIPT. BASE_URL and POSTGRES name another system than
# `make up`'s, SUMMARY_DIR the folder for the summary, K6 another runner of k6 scripts than `k6`.
set -uo pipefail
cd "$(dirname "$0")/.."
script=loadtest/k6/${1:-}.js
if [ -z "${1:-}" ] || ! grep -qs 'export const handleSummary' "$script"; then
  echo "Name a script: make load SCRIPT=journey. There are: $(grep -l 'export const handleSummary' loadtest/k6/*.js | xargs -n 1 basename -s .js | xargs)" >&2
  exit 2
fi
read -ra k6 <<<"${K6:-k6}"
if ! command -v "${k6[0]}" >/dev/null; then
  echo "${k6[0]} is not on the PATH: install k6 (https://k6.io), or name a program that runs its scripts: make load K6='…'." >&2
  exit 2
fi
export BASE_URL=${BASE_URL:-http://127.0.0.1:8080} SUMMARY_DIR=${SUMMARY_DIR:-.local/load}
mkdir -p "$SUMMARY_DIR"
"${k6[@]}" run "$script"
status=$?
# 99: an objective was missed, which is how a breakpoint run ends.
[ "$1" = breakpoint ] && [ $status -eq 99 ] && status=0
dotnet loadtest/rush/bin/Release/net10.0/Rush.dll audit --url "$BASE_URL" --postgres "${POSTGRES:-127.0.0.1:15432}" | tee "$SUMMARY_DIR/$1.audit"
[ "${PIPESTATUS[0]}" -eq 0 ] && exit $status
exit 1
