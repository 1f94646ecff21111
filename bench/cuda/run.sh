#!/usr/bin/env bash
# Checks and measures the CUDA path on this machine's device, in parts, most valuable first: 12 minutes for all.
#
#   bench/cuda/run.sh [--seconds N] [part ...]   all parts that are not done yet, or these; begins none whose limit is past N
#   bench/cuda/run.sh --plan                     the parts, their limits and targets, and what fits into one command
#   bench/cuda/run.sh --dry-run [part ...]       every part on the CPU, small: it tries this script and says nothing of CUDA
#
# A part's result is written as soon as it ends, to $RESULTS (bench/results) as cuda-<device>.md and .json, so that a
# command may be cut off and the next one goes on. Programs come from bench/cuda/pack.sh's archives where they are, else
# they are compiled here: that takes nvcc >= 12, cuBLAS, cmake >= 3.19 and most of the time. No network.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/bench/cuda
export PATH=$PATH:/usr/local/cuda/bin
source "$here/parts.sh"
source "$here/report.sh"

dry=0 inside='' seconds=100000 wanted=()
while [ $# -gt 0 ]; do
    case $1 in
        --dry-run) dry=1 ;;
        --plan) print_plan; exit 0 ;;
        --seconds) seconds=$2; shift ;;
        --inside) inside=$2; shift ;; # a part, in a process that can be ended
        *) limit_of "$1" > /dev/null || { echo "run.sh: unknown part $1 ($(part_names))"; exit 1; }
           wanted+=("$1") ;;
    esac
    shift
done

if [ $dry = 1 ]; then
    build=${BUILD:-$root/native/.build/cpu}
    state=$root/native/.build/cuda-dry-run
    carried=$state/carried
    ARCHIVE=$state/programs.tar.gz NODE_ARCHIVE=$state/node.tar.gz
    device="no device, dry run"
    results=${RESULTS:-$root/bench/results/local}
    [ -n "$inside" ] || rm -rf "$state"
else
    build=${BUILD:-$root/native/.build/cuda-check}
    state=$build/done
    carried=$build/carried
    device=$(nvidia-smi --query-gpu=name --format=csv,noheader 2> /dev/null | head -1)
    [ -n "$device" ] || { echo "run.sh: no CUDA device (nvidia-smi lists none); --dry-run does what needs none"; exit 1; }
    results=${RESULTS:-$root/bench/results}
fi
mkdir -p "$state" "$results"
[ -d "$carried/bin" ] && bin=$carried/bin || bin=$build
export LD_LIBRARY_PATH=$(cuda_libraries)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

if [ -n "$inside" ]; then
    "part_${inside//[-.]/_}"
    exit
fi

name=cuda-$(echo "$device" | tr 'A-Z ,' 'a-z--' | tr -cd 'a-z0-9-')
failed=0
for part in $(part_names); do
    limit=$(limit_of "$part")
    [ $dry = 0 ] || limit=$((5 * limit)) # a busy machine is no failure
    if [ ${#wanted[@]} -gt 0 ]; then
        [[ " ${wanted[*]} " == *" $part "* ]] || continue
    elif [ -f "$state/$part.json" ]; then
        echo "$part: done before"
        continue
    fi
    if [ $((SECONDS + limit)) -gt "$seconds" ]; then
        echo "$part: $limit s do not fit into what is left of $seconds s; another command does it"
        continue
    fi
    echo "== $part, at most $limit s"
    began=$SECONDS
    options=()
    [ $dry = 0 ] || options+=(--dry-run)
    timeout -k 5 "$limit" "$0" ${options[@]+"${options[@]}"} --inside "$part" 2>&1 | tee "$state/$part.log"
    rc=${PIPESTATUS[0]}
    write_part "$part" "$rc" $((SECONDS - began)) "$limit" || failed=1
    write_report "$results/$name"
done
sed -n '/^## Targets/,$p' "$results/$name.md" 2> /dev/null
echo "report: $results/$name.md"
exit $failed
