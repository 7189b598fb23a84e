#!/bin/sh
# What the Containerfile does, without an engine: its COPY lines into an empty folder, its pip line
# in a new environment, its command on a picture. Needs Python 3.11 and a package index.
#   sh docs/container_check.sh [EXTRAS]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
extras=${1:-$(sed -n 's/^ARG EXTRAS=//p' "$root/Containerfile")}

mkdir "$work/source"
sed -n 's/^COPY //p' "$root/Containerfile" | while read -r line; do
    for source in ${line% *}; do cp -R "$root/$source" "$work/source/"; done
done

"${PYTHON:-python3.11}" -m venv "$work/env"
cd "$work/source"
"$work/env/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir \
    --constraint constraints.txt ".[$extras]"
cd / && rm -rf "$work/source"

"$work/env/bin/python" -c "
import sys, cv2, numpy
cv2.imwrite(sys.argv[1], numpy.full((120, 160, 3), 128, numpy.uint8))" "$work/grey.png"
FER_EDGE_HEARTBEAT=$work/beat "$work/env/bin/fer-edge" run --input "$work/grey.png"
test -n "$(find "$work/beat" -mmin -1)"
"$work/env/bin/python" -c "import paho.mqtt.client"
du -sh "$work/env"
echo "the Containerfile's steps work, extras: $extras"
