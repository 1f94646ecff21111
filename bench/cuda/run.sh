#!/usr/bin/env bash
# Checks and measures the CUDA kernels on this machine's device in one run of about 20 minutes: build, compare with the
# CPU reference, compute-sanitizer, decode and prefill tables, graph replay, live sequences, whole steps against stock.
#   bench/cuda/run.sh [build folder]
# Needs nvcc, cmake >= 3.19, a C++17 compiler and a device; no Node. Whole steps also need cuBLAS and llama.cpp's source
# (node_modules with node-llama-cpp, npm with network, or LLAMA_CPP_DIR): without them that part says so and is left out.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$root/native/.build/cuda-bench}
export PATH=$PATH:/usr/local/cuda/bin
jobs=$(nproc)
failed=0

command -v nvcc > /dev/null || { echo "run.sh: nvcc is missing (Debian/Ubuntu: cuda-nvcc-13-0 from NVIDIA's repository)"; exit 1; }
command -v cmake > /dev/null || { echo "run.sh: cmake is missing (Debian/Ubuntu: apt-get install cmake)"; exit 1; }
device=$(nvidia-smi --query-gpu=name --format=csv,noheader 2> /dev/null | head -1)
[ -n "$device" ] || { echo "run.sh: no CUDA device (nvidia-smi lists none)"; exit 1; }
mkdir -p "$root/bench/results"
report=$root/bench/results/cuda-$(echo "$device" | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9-').md
exec > >(tee "$report") 2>&1

section() { printf '\n<!-- %s: %s -->\n' "$(date -u +%H:%M:%S)" "$1"; }
check() {  # check <what> <command ...>: a failure is reported and the run goes on
    local what=$1
    shift
    if "$@"; then echo "$what: ok"; else echo "$what: FAILED (exit code $?)"; failed=1; fi
}

echo "command: bench/cuda/run.sh, $(date -u +%Y-%m-%d), $(nvcc --version | grep -o 'release [0-9.]*'), driver $(nvidia-smi --query-gpu=driver_version --format=csv,noheader | head -1)"

section build
cmake -S "$root" -B "$build/kernels" -DCMAKE_BUILD_TYPE=Release -DENGINE_LLAMA=OFF -DENGINE_CUDA=ON -DENGINE_TESTS=ON > "$build.log" 2>&1 &&
    cmake --build "$build/kernels" -j "$jobs" --target cuda-device-test cuda-emulation-test cuda-partition-test attention-bench >> "$build.log" 2>&1 ||
    { tail -30 "$build.log"; exit 1; }

section "1. correctness"
check "work partition, emulated" "$build/kernels/cuda-partition-test"
check "kernels on the CPU, emulated" "$build/kernels/cuda-emulation-test"
check "kernels on the device (NMSE limits 1e-5, bf16 1e-4)" "$build/kernels/cuda-device-test"
if command -v compute-sanitizer > /dev/null; then
    for tool in memcheck racecheck synccheck initcheck; do
        check "compute-sanitizer $tool" timeout 240 compute-sanitizer --tool $tool --error-exitcode 9 --print-limit 5 \
            "$build/kernels/cuda-device-test" sanitizer
    done
else
    echo "compute-sanitizer is not installed: left out (Debian/Ubuntu: cuda-sanitizer-13-0)"
fi

section "2-5. attention"
check "attention-bench" "$build/kernels/attention-bench"

section "2-4. whole steps"
if ! ls /usr/local/cuda/include/cublas_v2.h /usr/local/cuda/targets/*/include/cublas_v2.h /usr/include/cublas_v2.h > /dev/null 2>&1; then
    echo "cuBLAS is not installed: whole steps against stock llama.cpp are left out (Debian/Ubuntu: libcublas-dev-13-0)"
elif ! cmake -S "$root" -B "$build/engine" -DCMAKE_BUILD_TYPE=Release -DENGINE_CUDA=ON -DENGINE_TESTS=ON > "$build.engine.log" 2>&1; then
    tail -5 "$build.engine.log"
    echo "llama.cpp could not be configured: whole steps are left out"
elif ! cmake --build "$build/engine" -j "$jobs" --target whole-step >> "$build.engine.log" 2>&1; then
    tail -30 "$build.engine.log"
    failed=1
else
    check "whole-step" "$build/engine/whole-step" "$build"
fi

section done
exit $failed
