#!/usr/bin/env bash
# Installs the other programs, builds what is compared, runs all scenarios: run.sh OUT_DIR [arguments of `compare run`]
# Leaves summary.md, raw.csv and chart.svg in OUT_DIR. docs/benchmarking.md tells how to read them.
set -euo pipefail
if [[ $# -eq 0 || $1 == -* ]]; then
  sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
out="$1"
shift
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
out="$(mkdir -p "$out" && cd "$out" && pwd)"
cd "$here/../.."
# First: it is done in seconds, or says what is missing.
[ -x target/rivals/s5cmd ] || benches/compare/rivals.sh
# Both where they are looked for, whatever CARGO_TARGET_DIR says.
cargo build --release --locked --target-dir target -p rangeway-cli
# Not `--locked`: its lock file pins the others, and takes up what rangeway's own crates have come to need.
cargo build --release --target-dir benches/compare/target --manifest-path benches/compare/Cargo.toml
exec "$here/target/release/compare" run --out "$(realpath --relative-to=. "$out")" "$@"
