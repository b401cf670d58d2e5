#!/usr/bin/env bash
# Builds everything and runs every test project; ends with the failures once more and one line that sums up.
set -uo pipefail
cd "$(dirname "$0")/.."
bash scripts/require-sdk.sh || exit 1
bash scripts/kube-tools.sh || exit 1
bash scripts/rule-tools.sh || exit 1

dotnet build ConcertDapr.sln -c Release -v quiet --nologo -clp:ErrorsOnly || exit 1

passed=0 failed=0 skipped=0 broken=0 failures=""
for project in $(find tests -name '*.Tests.csproj' -o -path 'tests/*' -name 'Conformance.csproj' -o -path 'tests/*' -name 'System.csproj' | sort); do
  echo "== $project"
  log=$(mktemp)
  dotnet test "$project" -c Release --no-build --nologo -v quiet --logger "console;verbosity=minimal" 2>&1 | tee "$log"
  [ "${PIPESTATUS[0]}" -eq 0 ] || broken=1
  line=$(grep -E '(Passed|Failed)! +- Failed:' "$log" | tail -n 1)
  failures+=$(awk '/^ +Failed .*\[[^]]*\]$/ { shown = 30 } /^ +Passed |^(Passed|Failed)!/ { shown = 0 } shown-- > 0' "$log")$'\n'
  rm -f "$log"
  if [ -z "$line" ]; then
    echo "$project ran no test" >&2
    broken=1
    continue
  fi
  number() { sed -E "s/.*$1: +([0-9]+).*/\1/" <<<"$line"; }
  failed=$((failed + $(number Failed))) passed=$((passed + $(number Passed))) skipped=$((skipped + $(number Skipped)))
done

echo "== loadtest"
log=$(bash scripts/test-load.sh) || broken=1
echo "$log"
if [[ ${log##*$'\n'} =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
  passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + BASH_REMATCH[3]))
else
  echo "loadtest ran no test" >&2
  broken=1
fi

[ "$failed" -eq 0 ] || grep -v '^ *$' <<<"$failures"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$broken" -eq 0 ] && [ "$passed" -gt 0 ]
