#!/usr/bin/env bash
# Packs the sidecar as a tool and the test host as a library, then uses both as a stranger would: the tool answers over its state
# API, and a project outside of this repository moves a reminder by an hour. Nothing is downloaded. packages.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p "$1"
packages=$(cd "$1" && pwd)
work=$(mktemp -d)
pid=
# shellcheck disable=SC2329 # called by the trap
leave() {
  [ -z "$pid" ] || { kill "$pid" 2>/dev/null && wait "$pid" || true; }
  rm -rf "$work"
}
trap leave EXIT

for project in Sidecar Testing; do
  dotnet pack "apps/platform/$project" -c Release -o "$packages" --nologo -v quiet -clp:ErrorsOnly
done
version=$(dotnet msbuild apps/platform/Testing -getProperty:Version)

# A package cache of our own, so that what is used is what was just packed; the rest comes from the user's.
RestoreFallbackFolders=$(dotnet nuget locals global-packages --list | sed 's/^[^:]*: //')
export RestoreFallbackFolders NUGET_PACKAGES="$work/cache"

echo "== tool"
dotnet tool install ConcertDapr.Sidecar --version "$version" --tool-path "$work/tool" --source "$packages" >"$work/log" || { cat "$work/log"; exit 1; }
mkdir "$work/components"
cat >"$work/components/store.yaml" <<'YAML'
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: statestore}
spec: {type: state.in-memory, version: v1}
YAML
"$work/tool/concert-dapr-sidecar" --app-id orders --dapr-http-port 0 --dapr-grpc-port 0 --dapr-graceful-shutdown-seconds 2 \
  --resources-path "$work/components" --registry-folder "$work/sidecars" >"$work/log" 2>&1 &
pid=$!
for _ in $(seq 300); do
  port=$(sed -nE 's/.*Running\. HTTP port ([0-9]+).*/\1/p' "$work/log")
  [ -z "$port" ] || break
  kill -0 "$pid" || { cat "$work/log"; exit 1; }
  sleep 0.1
done
curl -sf "http://127.0.0.1:$port/v1.0/state/statestore" -H 'Content-Type: application/json' -d '[{"key":"seat","value":"taken"}]'
got=$(curl -sf "http://127.0.0.1:$port/v1.0/state/statestore/seat")
[ "$got" = '"taken"' ] || { echo "the tool answered $got"; exit 1; }
kill "$pid"
wait "$pid" || { echo "the tool ended with code $?"; exit 1; }
pid=
echo "concert-dapr-sidecar $version keeps state"

echo "== library"
mkdir "$work/strangers"
sed "s/VERSION/$version/" >"$work/strangers/Strangers.csproj" <<'XML'
<Project Sdk="Microsoft.NET.Sdk.Web">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="ConcertDapr.Testing" Version="VERSION" />
  </ItemGroup>
</Project>
XML
cat >"$work/strangers/Program.cs" <<'CS'
using ConcertDapr.Testing;

await using var dapr = await DaprTestHost.StartAsync(o => { o.AppId = "orders"; o.AppPort = 0; o.UseVirtualTime(); });
var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls($"http://127.0.0.1:{dapr.AppPort}");
await using var app = builder.Build();
var reminded = 0;
app.MapGet("/dapr/config", () => new { entities = new[] { "Order" } });
app.MapPut("/actors/Order/17/method/remind/unpaid", () => { reminded++; });
await app.StartAsync();
await dapr.ReadyAsync();
using var http = new HttpClient { BaseAddress = dapr.HttpEndpoint };
(await http.PutAsJsonAsync("/v1.0/actors/Order/17/reminders/unpaid", new { dueTime = "1h" })).EnsureSuccessStatusCode();
await dapr.AdvanceAsync(TimeSpan.FromMinutes(59));
var early = reminded;
await dapr.AdvanceAsync(TimeSpan.FromMinutes(1));
Console.WriteLine($"reminded {early} times before the hour, {reminded} after it");
return (early, reminded) == (0, 1) ? 0 : 1;
CS
dotnet run --project "$work/strangers" -v quiet --property:RestoreSources="$packages" || { echo "the library does not work in a project of its own"; exit 1; }
echo "packages are in $packages"
