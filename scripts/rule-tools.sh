#!/usr/bin/env bash
# promtool in .local/tools/bin: the installed one, else the one of Debian's prometheus package, unpacked and not installed, so that no
# service of it is ever started.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=.local/tools/bin
[ -x $tools/promtool ] && exit 0
mkdir -p $tools
if path=$(command -v promtool); then
  ln -sf "$path" $tools/promtool
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "Please install promtool (of Prometheus; here is no apt to do it with)." >&2
  exit 1
fi
echo "fetching promtool"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
# Without privileges the package lists have to be there already.
(cd "$folder" && { apt-get download -qq prometheus 2>/dev/null || { "${as_root[@]}" apt-get update -qq && apt-get download -qq prometheus; }; })
dpkg-deb -x "$folder"/prometheus_*.deb "$folder"
install "$folder/usr/bin/promtool" $tools/promtool
