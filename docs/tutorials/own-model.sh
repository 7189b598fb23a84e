#!/usr/bin/env bash
# Runs the commands of own-model.md on real data and prints each with its output, for the page.
#
#   docs/tutorials/own-model.sh DATA [RUNS] > transcript.md
#
# DATA: fer2013.csv, or a .npz of it. RUNS: a folder that has runs/four-block-tuned already, to leave
# out the training, which takes an hour and a half on two cores.
set -euo pipefail
data=$(realpath "$1") runs=${2:+$(realpath "$2")}
page=$(realpath "$(dirname "$0")")/own-model.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
ln -s "$data" "fer2013.${data##*.}"
[ -z "$runs" ] || ln -s "$runs" runs

# lines within ```sh blocks; those of ```sh title="not run" are left out
awk '/^```/ { inside = ($0 == "```sh"); next } inside' "$page" | while read command; do # without -r: it joins continued lines
    command=${command//fer2013.csv/fer2013.${data##*.}}
    case $command in
        "fer-edge train"*) [ -z "$runs" ] || continue ;;
    esac
    printf '\n```sh\n%s\n```\n\n```text\n' "$command"
    bash -c "$command" 2>&1 </dev/null
    printf '```\n'
done
