#!/usr/bin/env bash
# Builds peapod and checks all of it: formatting, release build with every test, the unit tests under the address and
# undefined-behaviour sanitizers, each parser with a fuzzer for 20 seconds, clang-tidy. Installs the Debian packages it needs.
# Stops where nothing can be built; otherwise runs every stage, and exits non-zero when one of them failed.
# The last line is `N passed, N failed`: tests of both builds, a failed check counting as one more.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/install_packages.sh

jobs=$(nproc)
# Waiting threads sleep, so that tests running side by side do not take each other's processor.
export OMP_WAIT_POLICY=passive

passed=0
failed=0
skipped=0

# stage TITLE COMMAND…: says what is run and how long it took; the status is the command's.
stage() {
  local title=$1 start=$SECONDS status=0
  shift
  printf '\n== %s\n' "$title"
  "$@" || status=$?
  printf '== %s: %s in %d s\n' "$title" "$([[ $status -eq 0 ]] && echo done || echo FAILED)" $((SECONDS - start))
  return $status
}

# needed …: a stage without which there is nothing to test.
needed() {
  stage "$@" && return 0
  failed=$((failed + 1))
  finish
}

# check …: a stage whose failure leaves the others worth running.
check() {
  stage "$@" || failed=$((failed + 1))
}

# tests TITLE PRESET CTEST_ARGUMENT…: runs ctest and adds its counts to the sum.
tests() {
  local title=$1 preset=$2 status=0 report tests failures omitted
  shift 2
  report=$PWD/build/$preset/test-report.xml
  rm -f "$report"
  stage "$title" ctest --preset "$preset" --no-tests=error --output-junit "$report" "$@" || status=$?
  if ! grep -q '<testsuite' "$report" 2>/dev/null; then
    echo "$title: ctest wrote no report" >&2
    failed=$((failed + 1))
    return 0
  fi
  tests=$(count tests "$report")
  failures=$(count failures "$report")
  omitted=$(($(count skipped "$report") + $(count disabled "$report")))
  # ctest may fail without a failed test, e.g. on one that was not built.
  if [[ $status -ne 0 && $failures -eq 0 ]]; then failed=$((failed + 1)); fi
  passed=$((passed + tests - failures - omitted))
  failed=$((failed + failures))
  skipped=$((skipped + omitted))
}

# count ATTRIBUTE FILE: a number from the report's <testsuite> element.
count() {
  sed -n "s/^[[:space:]]*$1=\"\([0-9]*\)\".*/\1/p" "$2" | head -n 1 | grep . || echo 0
}

finish() {
  printf '\nWhole run: %d s\n' "$SECONDS"
  if [[ $skipped -gt 0 ]]; then printf '%d tests were skipped; ctest names them above.\n' "$skipped"; fi
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [[ $failed -eq 0 ]]
  exit
}

format() {
  find . -path ./build -prune -o -type f \( -name '*.cc' -o -name '*.h' \) -print0 |
    xargs -0 clang-format --dry-run -Werror
}

tidy() {
  # Clang brings no omp.h of its own and reads GCC's, but for an attribute with arguments that Clang 14 does not know.
  mkdir -p build/tidy
  sed 's/__malloc__ *([^)]*)/__malloc__/g' "$(g++ -print-file-name=include/omp.h)" >build/tidy/omp.h
  run-clang-tidy -quiet -p build/release -j "$jobs" \
    -extra-arg=-isystem -extra-arg="$PWD/build/tidy" -extra-arg=-Wno-unknown-warning-option \
    "$PWD/src/.*(?<!_test)\.cc\$" 2>build/tidy/log || { tail -n 20 build/tidy/log >&2; return 1; }
}

needed 'Packages' install_packages "${build_packages[@]}" "${check_packages[@]}"
check 'Formatting' format
needed 'Configure, release' cmake --preset release
needed 'Build, release' cmake --build --preset release -j "$jobs"
check 'Build, benchmarks' cmake --build --preset release -j "$jobs" --target benchmarks
tests 'Tests, release' release -LE slow -j "$jobs"
tests 'Slow tests, release' release -L slow
needed 'Configure, sanitizers' cmake --preset asan
needed 'Build, sanitizers' cmake --build --preset asan -j "$jobs" --target unit_tests
tests 'Unit tests, sanitizers' asan -L unit -j "$jobs"
check 'Fuzz targets' scripts/fuzz.sh 20
check 'clang-tidy' tidy
finish
