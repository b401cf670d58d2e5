#!/usr/bin/env bash
# Checks the k6 scripts, their manifests and the decision report; ends with `N passed, N failed`.
set -uo pipefail
cd "$(dirname "$0")/../loadtest"
bash ../scripts/install.sh node:nodejs npm:npm || exit 1
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error || exit 1
fi
tap=$(mktemp)
node --test --test-reporter=tap >"$tap"
status=$?
grep -E '^ *not ok|^ +error: |^ +(expected|actual): ' "$tap"
number() { sed -nE "s/^# $1 ([0-9]+)$/\1/p" "$tap"; }
echo "$(number pass) passed, $(number fail) failed, $(($(number skipped) + $(number todo))) skipped"
rm -f "$tap"
exit $status
