#!/usr/bin/env bash
# From nothing to recommendations: installs what is missing, builds peapod, then prepares data, trains for at most three
# minutes and uses the model. Each command is printed before it runs.
#
#   scripts/quickstart.sh            a small made shop that comes with the project (examples/sample)
#   scripts/quickstart.sh ml-100k    MovieLens-100k (no reviews, so no explanations)
#
# Everything it makes is under build/; run it again to start over.
set -euo pipefail
shopt -s inherit_errexit  # a failure inside $(…) counts too
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/install_packages.sh

peapod=build/release/peapod

# run COMMAND…: prints it the way one would type it, then runs it.
run() {
  printf '\n$%s\n' "$(printf ' %q' "$@" | sed 's/\\,/,/g')"
  "$@"
}

# Prints the folder with ml-100k.inter and ml-100k.item.
ml_100k_folder() {
  local shared=../shared/data/ml-100k folder=build/quickstart/ml-100k
  if [[ -f $shared/ml-100k.inter ]]; then
    echo "$shared"
    return
  fi
  if [[ ! -f $folder/ml-100k.inter || ! -f $folder/ml-100k.item ]]; then
    install_packages python3 python3-pip >&2  # MovieLens-100k comes in the Python package recbole
    local wheels=build/quickstart/wheels
    printf '\n$ pip3 download --no-deps recbole    (MovieLens-100k is in it)\n' >&2
    mkdir -p "$wheels"
    pip3 download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$wheels" recbole >&2 || {
      echo "recbole could not be downloaded; put ml-100k.inter and ml-100k.item into $folder yourself" >&2
      return 1
    }
    mkdir -p "$folder"
    # A wheel is a zip file.
    python3 - "$wheels" "$folder" <<'PYTHON' >&2
import pathlib, sys, zipfile
wheels, folder = map(pathlib.Path, sys.argv[1:])
wheel = zipfile.ZipFile(max(wheels.glob("recbole-*.whl")))
for name in ("ml-100k.inter", "ml-100k.item"):
    inside = "recbole/dataset_example/ml-100k/" + name
    if inside not in wheel.namelist():
        sys.exit(f"{wheel.filename} does not hold {inside}")
    (folder / name).write_bytes(wheel.read(inside))
PYTHON
  fi
  echo "$folder"
}

case "${1:-sample}" in
  sample)
    source_folder=examples/sample
    format=amazon
    user=u_ada54
    history=tent-alpine-1,groundsheet-alpine-1,lantern-alpine-1
    candidates=camera-lumen-1,hose-orchard-2,chalkbag-summit-1,table-alpine-1,gaiters-ridge-1
    item=chalkbag-summit-1
    ;;
  ml-100k)
    format=recbole
    user=196
    history=50,172,181  # Star Wars, The Empire Strikes Back, Return of the Jedi
    candidates=96,1,288,195,71
    item=
    ;;
  *)
    echo "usage: scripts/quickstart.sh [sample|ml-100k]" >&2
    exit 2
    ;;
esac

install_packages "${build_packages[@]}"
mkdir -p build/quickstart
run cmake --preset release
run cmake --build --preset release -j "$(nproc)" --target peapod
if [[ -z ${source_folder:-} ]]; then source_folder=$(ml_100k_folder); fi

data=build/quickstart/${1:-sample}-data
model=build/quickstart/${1:-sample}-model
run "$peapod" prepare "$source_folder" --format "$format" --out "$data"
run "$peapod" audit "$data"
run rm -rf "$model"
run "$peapod" train "$data" --out "$model" --time-limit 3
run "$peapod" evaluate "$model" --data "$data"
run "$peapod" baseline popularity --data "$data"
run "$peapod" baseline item-knn --data "$data"
run "$peapod" recommend "$model" --user "$user"
run "$peapod" recommend "$model" --history "$history"
run "$peapod" recommend "$model" --user "$user" --candidates "$candidates" --n 3
if [[ -n $item ]]; then run "$peapod" explain "$model" --user "$user" --item "$item"; fi
run "$peapod" inspect "$model"
