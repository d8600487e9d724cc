# Sourced by the other scripts: puts the Debian packages in place that building needs. Does nothing, and does not touch
# apt, where all are there.

build_packages=(
  g++ cmake ninja-build pkg-config
  libdnnl-dev              # oneDNN: matrix products
  ocl-icd-opencl-dev       # the CMake files of Debian's oneDNN look for it; libdnnl-dev only recommends it
  libhwy-dev               # Highway: vector loops
  libsentencepiece-dev     # tokenizer and its trainer
  libeigen3-dev            # small dense solves
  libxxhash-dev            # checksums
  nlohmann-json3-dev libtomlplusplus-dev libcli11-dev libfmt-dev zlib1g-dev libzstd-dev
  libsqlite3-dev libpq-dev # interactions from databases
  libgtest-dev             # tests
)
fuzz_packages=(clang libclang-rt-14-dev libomp-14-dev)
check_packages=(clang-format clang-tidy libbenchmark-dev valgrind libc6-dbg postgresql sqlite3)

is_installed() {
  [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# install_packages NAME…: installs those that are missing, after saying which.
install_packages() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    if [[ -n "${PEAPOD_SKIP_INSTALL:-}" ]]; then return 0; fi
    {
      echo "This is not a Debian system, so the packages that peapod needs cannot be installed from here."
      echo "Install the counterparts of these Debian 12 packages, then run again with PEAPOD_SKIP_INSTALL=1:"
      printf '  %s\n' "$@"
    } >&2
    return 1
  fi
  local missing=() package
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  if [[ ${#missing[@]} -eq 0 ]]; then return 0; fi

  local as_root=()
  if [[ "$(id -u)" -ne 0 ]]; then
    if ! command -v sudo >/dev/null; then
      echo "These Debian packages are missing, and there is no sudo: ${missing[*]}" >&2
      echo "Install them as root: apt-get install ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing from Debian (apt-get${as_root[0]:+, with sudo}): ${missing[*]}"
  "${as_root[@]}" apt-get update -qq </dev/null
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
}
