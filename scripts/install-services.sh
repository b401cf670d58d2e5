#!/usr/bin/env bash
# Redis and PostgreSQL: used where installed, installed by apt where not, named in one line where there is no apt.
set -euo pipefail
cd "$(dirname "$0")/.."

has_postgres() { command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; }

needed=(redis-server:redis-server setpriv:util-linux)
if ! has_postgres; then
  # The server is started by make up, on a port of its own; the package's service stays off.
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  if command -v apt-get >/dev/null && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    "${as_root[@]}" mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  needed+=(postgres:postgresql)
fi
exec bash scripts/install.sh "${needed[@]}"
