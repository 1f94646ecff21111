#!/usr/bin/env bash
# Compiles every kernel for every architecture and says what registers and spills each takes. Needs nvcc, no device.
#   native/tools/compile-kernels.sh [file ...]     files of native/runner/cuda without .cu; default: all
# Nothing in the kernels depends on an architecture beyond 8.0, so one front end run serves all of those; about 5 minutes
# of one core a cache type. BUILD: where objects and ptxas' words go.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/native/.build/kernels}
export PATH=$PATH:/usr/local/cuda/bin
command -v nvcc > /dev/null || { echo "compile-kernels.sh: nvcc is missing"; exit 1; }
mkdir -p "$build"
files=("$@")
[ ${#files[@]} -gt 0 ] || files=(page-mover paged-attention kernels-f16 kernels-bf16 kernels-q8-0 kernels-q4-0)
failed=0

printf '| file | architecture | kernels | most registers | with spills | worst spill, bytes |\n|---|---|---|---|---|---|\n'
for file in "${files[@]}"; do
    for target in 'arch=compute_75,code=sm_75' 'arch=compute_80,code=[sm_80,sm_86,sm_89,sm_90,sm_100,sm_120]'; do
        log=$build/$file-${target:13:2}.log
        if ! nvcc -std=c++17 -O3 -I"$root/native" -DBANYAN_CUDA -gencode "$target" -Xptxas -v \
            -c "$root/native/runner/cuda/$file.cu" -o "${log%.log}.o" > "$log" 2>&1; then
            echo "| $file | ${target#*code=} | - | - | - | FAILED: $(grep -m 1 error "$log") |"
            failed=1
            continue
        fi
        awk -v file="$file" '
            /Compiling entry function/ { arch = $NF; gsub(/[^a-z0-9_]/, "", arch); n[arch]++ }
            /bytes spill stores/ { for (i = 1; i < NF; ++i) if ($(i + 2) == "spill" && $(i + 3) ~ /^stores/) spill = $i
                                   if (spill > 0) with[arch]++; if (spill > worst[arch]) worst[arch] = spill }
            /Used [0-9]+ registers/ { for (i = 1; i < NF; ++i) if ($i == "Used" && $(i + 1) > most[arch]) most[arch] = $(i + 1) }
            END { for (arch in n) printf "| %s | %s | %d | %d | %d | %d |\n", file, arch, n[arch], most[arch], with[arch], worst[arch] }
        ' "$log" | sort -t_ -k 2n
    done
done
exit $failed
