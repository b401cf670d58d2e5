#!/usr/bin/env bash
# Base images made of Debian's packages and of this machine's .NET, where no registry is in reach (make images BASE=local):
#   localhost/concert-dapr/base-runtime   what an ASP.NET Core program needs and nothing else: no shell, no package manager
#   localhost/concert-dapr/base-sdk       Debian with the .NET SDK, to build in
#   localhost/concert-dapr/base-servers   Debian with Redis and PostgreSQL (base-images.sh servers), for make containers
# They are kept by podman; a second run finds them.
set -euo pipefail

dotnet_root=$(dirname "$(readlink -f "$(command -v dotnet)")")
runtime=$(dotnet --list-runtimes | awk '$1 == "Microsoft.AspNetCore.App" && $2 ~ /^10\./ { v = $2 } END { print v }')
sdk=$(dotnet --version)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What a dynamically linked .NET program loads, with Debian's certificates.
libraries=(base-files libc6 libgcc-s1 libstdc++6 libssl3 zlib1g)

exists() { podman image exists "$1"; }

import() { # NAME FOLDER, and changes to the image's configuration
  local name=$1 folder=$2; shift 2
  tar -C "$folder" -c . | podman import --quiet "$@" - "$name" >/dev/null
  echo "made $name"
}

copy_certificates() { # FOLDER
  mkdir -p "$1/etc/ssl/certs"
  cp -L /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/"
}

make_runtime() {
  local root=$work/runtime
  mkdir -p "$work/debs" "$root"/{tmp,app,home/app}
  (cd "$work/debs" && apt-get download -qq -o APT::Sandbox::User=root "${libraries[@]}")
  for package in "$work"/debs/*.deb; do dpkg-deb --extract "$package" "$root"; done
  rm -rf "$root"/usr/share/{doc,man,lintian,locale} "$root"/usr/lib/x86_64-linux-gnu/gconv
  chmod 1777 "$root/tmp"
  copy_certificates "$root"
  printf 'root:x:0:0:root:/root:/nonexistent\napp:x:1654:1654::/home/app:/nonexistent\n' >"$root/etc/passwd"
  printf 'root:x:0:\napp:x:1654:\n' >"$root/etc/group"
  mkdir -p "$root/usr/share/dotnet/shared"
  cp -r "$dotnet_root"/{dotnet,host} "$root/usr/share/dotnet/"
  for framework in Microsoft.NETCore.App Microsoft.AspNetCore.App; do
    install -d "$root/usr/share/dotnet/shared/$framework"
    cp -r "$dotnet_root/shared/$framework/$runtime" "$root/usr/share/dotnet/shared/$framework/"
  done
  mkdir -p "$root/usr/bin" && ln -sf /usr/share/dotnet/dotnet "$root/usr/bin/dotnet"
  import "$1" "$root" --change 'USER 1654' --change 'ENV PATH=/usr/bin' \
    --change 'ENV DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=true' --change 'ENV ASPNETCORE_HTTP_PORTS=8080'
}

# A small Debian, unpacked once for both images below.
debian() {
  [ ! -d "$work/debian" ] || return 0
  local mirror
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | head -n 1)
  debootstrap --variant=minbase --include=ca-certificates,libssl3,libstdc++6,zlib1g bookworm "$work/debian" "$mirror" >"$work/debootstrap.log" \
    || { tail -n 5 "$work/debootstrap.log" >&2; exit 1; }
  rm -rf "$work/debian"/var/cache/apt/archives/*.deb
  copy_certificates "$work/debian"
}

make_sdk() {
  debian
  local root=$work/sdk
  cp -a "$work/debian" "$root"
  mkdir -p "$root/usr/share/dotnet"
  cp -r "$dotnet_root/." "$root/usr/share/dotnet/"
  ln -sf /usr/share/dotnet/dotnet "$root/usr/bin/dotnet"
  import "$1" "$root" --change 'ENV PATH=/usr/bin:/bin:/usr/sbin:/sbin' --change 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt' \
    --change 'ENV DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=true'
}

make_servers() {
  debian
  local root=$work/servers
  cp -a "$work/debian" "$root"
  # Neither starts while it is installed.
  mkdir -p "$root/etc/postgresql-common"
  echo 'create_main_cluster = false' >"$root/etc/postgresql-common/createcluster.conf"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" && chmod 755 "$root/usr/sbin/policy-rc.d"
  DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install -y --no-install-recommends redis-server postgresql >"$work/servers.log" 2>&1 \
    || { tail -n 5 "$work/servers.log" >&2; exit 1; }
  rm -rf "$root"/var/cache/apt/archives/*.deb
  import "$1" "$root" --change 'ENV PATH=/usr/bin:/bin:/usr/sbin:/sbin'
}

exists "localhost/concert-dapr/base-runtime:$runtime" || make_runtime "localhost/concert-dapr/base-runtime:$runtime"
exists "localhost/concert-dapr/base-sdk:$sdk" || make_sdk "localhost/concert-dapr/base-sdk:$sdk"
podman tag "localhost/concert-dapr/base-runtime:$runtime" localhost/concert-dapr/base-runtime:local
podman tag "localhost/concert-dapr/base-sdk:$sdk" localhost/concert-dapr/base-sdk:local
if [ "${1:-}" = servers ]; then
  exists localhost/concert-dapr/base-servers:local || make_servers localhost/concert-dapr/base-servers:local
fi
