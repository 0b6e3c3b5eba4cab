#!/usr/bin/env bash
# tests/tensorflow/install.sh [FOLDER]: installs @tensorflow/tfjs-node in a folder's node_modules on Linux (x64), with
# libtensorflow from PyPI's wheel of TensorFlow, and builds its addon from source. The package itself would download a
# library of 2022, and from a host that is not reachable from everywhere. Does nothing where that was done before. Exit
# code 3 says that the machine lacks what it takes.
set -euo pipefail

PACKAGE=@tensorflow/tfjs-node@4.22.0
# From 2.12 on, wheels have the whole library in a file of its own. This is the smallest of them.
WHEEL=tensorflow-cpu==2.13.1
# The library does not depend on Python, but pip has to be told of one for which there is a wheel.
WHEEL_TAGS=(--python-version 3.11 --platform manylinux_2_17_x86_64)

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(realpath -m "${1:-$root/node_modules/.optbench/tensorflow}")
addon=$folder/node_modules/@tensorflow/tfjs-node
installed=$folder/installed

if [ "$(cat "$installed" 2>/dev/null)" = "$PACKAGE $WHEEL" ]; then
  echo "$PACKAGE is in $folder"
  exit
fi

fail() {
  echo "Cannot install $PACKAGE: $1" >&2
  exit 3
}

[ "$(uname -sm)" = "Linux x86_64" ] || fail "this is $(uname -sm); on Linux x86_64 alone, the wheel has what it takes"
for program in node npm make g++ python3; do
  command -v "$program" >/dev/null || fail "found no $program; install it"
done
python3 -m pip --version >/dev/null 2>&1 || fail "python3 has no pip; install it"
headers=$(node -p 'path.resolve(process.execPath, "../..")')
[ -f "$headers/include/node/node_api.h" ] ||
  fail "found no headers of Node in $headers/include/node; install them, as with Debian's libnode-dev"

rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"
echo '{ "private": true }' >package.json
npm install --ignore-scripts --no-audit --no-fund "$PACKAGE"

# Libraries and headers go to where the package would have unpacked them.
python3 -m pip download --no-deps --only-binary=:all: "${WHEEL_TAGS[@]}" --dest wheel "$WHEEL"
python3 - wheel/*.whl <<'PYTHON'
import sys, zipfile
parts = ("libtensorflow_cc.", "libtensorflow_framework.", "include/tensorflow/")
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        if name.startswith(tuple("tensorflow/" + part for part in parts)):
            wheel.extract(name)
PYTHON
rm -r wheel
mkdir -p "$addon/deps/lib"
mv tensorflow/include "$addon/deps/include"
mv tensorflow/lib* "$addon/deps/lib"
rmdir tensorflow
# As the linker looks for them.
ln -s libtensorflow_cc.so.2 "$addon/deps/lib/libtensorflow.so"
ln -s libtensorflow_framework.so.2 "$addon/deps/lib/libtensorflow_framework.so"

cd "$addon"
npm run build-addon-from-source -- --nodedir="$headers"
echo "$PACKAGE $WHEEL" >"$installed"
echo "$PACKAGE is in $folder"
