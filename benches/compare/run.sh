#!/usr/bin/env bash
# Builds what is compared, installs the other programs, runs all scenarios: run.sh OUT_DIR [arguments of `compare run`]
# Leaves summary.md, raw.csv and chart.svg in OUT_DIR. docs/benchmarking.md tells how to read them.
set -euo pipefail
out="${1:?the directory for the results}"
shift
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
out="$(mkdir -p "$out" && cd "$out" && pwd)"
cd "$here/../.."
cargo build --release --locked -p rangeway-cli
# Not `--locked`: its lock file pins the others, and takes up what rangeway's own crates have come to need.
cargo build --release --manifest-path benches/compare/Cargo.toml
[ -x target/rivals/s5cmd ] || benches/compare/rivals.sh
exec "$here/target/release/compare" run --out "$(realpath --relative-to=. "$out")" "$@"
