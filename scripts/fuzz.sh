#!/usr/bin/env bash
# Runs the fuzz targets, one a parser, each for so many seconds: fuzz.sh [SECONDS=20] [TARGET…]. Builds them with Clang
# and installs the Debian packages that takes. What a target finds is left under build/fuzz/found/; the committed corpus
# stays as it is, what is learned goes to build/fuzz/corpus/. Exits non-zero where something was found. FUZZ_SEED is the
# seed of what is tried, 1 unless it is set, so that a run can be repeated.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/install_packages.sh

seconds=${1:-20}
shift || true
install_packages "${build_packages[@]}" "${fuzz_packages[@]}"
cmake --preset fuzz >build/fuzz-configure.log 2>&1 || { cat build/fuzz-configure.log >&2; exit 1; }
cmake --build --preset fuzz -j "$(nproc)"

targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for source in fuzz/*_fuzz.cc; do targets+=("$(basename "$source" _fuzz.cc)"); done
fi

# Inputs are small files that come and go: in memory, where there is such a place.
if [[ -d /dev/shm && -w /dev/shm ]]; then export TMPDIR=/dev/shm; fi
export UBSAN_OPTIONS=print_stacktrace=1

# run TARGET: says what it did in a line; fails, with the log, where it found something.
run() {
  local target=$1 work=build/fuzz
  mkdir -p "$work/corpus/$target" "$work/found"
  if ! "$work/${target}_fuzz" -seed="${FUZZ_SEED:-1}" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 \
      -artifact_prefix="$work/found/$target-" "$work/corpus/$target" "fuzz/corpus/$target" >"$work/$target.log" 2>&1; then
    tail -n 40 "$work/$target.log" >&2
    echo "$target: FOUND something; its input: $(ls -t "$work/found/$target-"* 2>/dev/null | head -n 1)"
    return 1
  fi
  echo "$target: $(sed -n 's/^stat::number_of_executed_units: //p' "$work/$target.log") inputs in $seconds s, nothing found"
}
export -f run
export seconds
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I TARGET bash -c 'run TARGET'
