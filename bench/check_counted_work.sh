#!/usr/bin/env bash
# Counts the instructions of one fixed piece of work, whatever the clock says, and fails above the bound:
#     bench/check_counted_work.sh PROGRAM step|request MILLIONS
# Exits with 77, which CTest takes for skipped, where there is no valgrind.
set -euo pipefail
program=$1 work=$2 bound=$3

if ! command -v valgrind >/dev/null; then
  echo "skipped: valgrind is not installed; scripts/test.sh installs it"
  exit 77
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Valgrind 3.19 knows AVX2 and no AVX-512, so every processor runs the same code here; oneDNN is told so, too.
ONEDNN_MAX_CPU_ISA=AVX2 OMP_NUM_THREADS=1 valgrind --tool=callgrind --callgrind-out-file=/dev/null \
  --collect-atstart=no --toggle-collect=counted_work "$program" "$work" 2>"$log" || { cat "$log"; exit 1; }
count=$(sed -n 's/^==[0-9]*== Collected : \([0-9]*\).*/\1/p' "$log")
if [[ -z $count || $count -eq 0 ]]; then
  cat "$log"
  echo "callgrind collected nothing: is counted_work() still there?"
  exit 1
fi
echo "$work: $((count / 1000000)) million instructions, at most $bound allowed"
[[ $count -le $((bound * 1000000)) ]]
