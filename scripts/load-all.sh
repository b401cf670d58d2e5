#!/usr/bin/env bash
# Runs every k6 script in turn against the running system, with an audit after each, while the collector watches; then the decision report and
# the table for docs/performance.md. About 35 minutes as it stands. SOAK_MINUTES, SPIKE_USERS, THINK_SECONDS and ENDPOINT_SECONDS scale it, ONLY="journey soak"
# chooses, OUT names the folder. BASE_URL, POSTGRES and REDIS name another system than `make up`'s, K6 another runner than `k6`.
set -uo pipefail
cd "$(dirname "$0")/.."
bash scripts/install.sh node:nodejs || exit 1
out=${OUT:-.local/load/$(date +%Y%m%d-%H%M%S)}
export SUMMARY_DIR=$out POSTGRES=${POSTGRES:-127.0.0.1:15432}
mkdir -p "$out"

scripts=(concurrency saga-compensation journey spike)
for file in loadtest/k6/endpoint-*.js; do scripts+=("$(basename "$file" .js)"); done
scripts+=(soak breakpoint)

scale() {
  case $1 in
    spike) echo "USERS=${SPIKE_USERS:-3000}" ;;
    journey) echo "THINK_SECONDS=${THINK_SECONDS:-5}" ;;
    soak) echo "MINUTES=${SOAK_MINUTES:-10}" ;;
    endpoint-*) echo "RAMP_SECONDS=${ENDPOINT_SECONDS:-25}" ;;
  esac
}

node loadtest/report/collect.mjs --out "$out/collected.json" --postgres "$POSTGRES" --redis "${REDIS:-127.0.0.1:16379}" &
collector=$!
trap 'kill $collector 2>/dev/null' EXIT
failed=()
for script in ${ONLY:-${scripts[@]}}; do
  echo "== $script $(scale "$script")"
  env $(scale "$script") bash scripts/load.sh "$script" || failed+=("$script")
done
kill $collector && wait $collector

node loadtest/report/report.mjs --table "$out" >"$out/table.md"
node loadtest/report/report.mjs "$out" >"$out/report.md"
decision=$?
cat "$out/report.md"
echo "report, table and summaries: $out"
[ ${#failed[@]} -eq 0 ] || echo "missed: ${failed[*]}" >&2
[ ${#failed[@]} -eq 0 ] && [ $decision -eq 0 ]
