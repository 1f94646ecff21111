#!/usr/bin/env bash
# Checks and measures the CUDA path on this machine's device in one run of about 20 minutes: build, comparison with the
# CPU reference, compute-sanitizer, attention and whole steps against stock llama.cpp of the same source, host time of a
# replayed step, live sequences. The report ends with a table of targets, pass or FAIL.
#
#   bench/cuda/run.sh [--dry-run] [part ...]      parts, in order: build correctness sanitizer attention steps
#
# Needs nvcc >= 12, cmake >= 3.19, a C++17 compiler and a device; no Node, no network. What goes through llama.cpp also
# needs cuBLAS (in the toolkit, or pip's nvidia-cublas that PyTorch brings) and llama.cpp's source: LLAMA_CPP_DIR, or the
# archive that bench/cuda/pack.sh makes elsewhere, or node_modules. Without them it says so and leaves those parts out.
# With parts it does only these, in the same build folder: for machines that limit the length of one command.
# --dry-run: everything that needs no device, small, on the CPU; says nothing about CUDA.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export PATH=$PATH:/usr/local/cuda/bin
jobs=${JOBS:-$(nproc)}
dry=0
parts=()
for argument in "$@"; do
    case $argument in
        --dry-run) dry=1 ;;
        build | correctness | sanitizer | attention | steps) parts+=("$argument") ;;
        *) echo "run.sh: unknown part $argument (build correctness sanitizer attention steps)"; exit 1 ;;
    esac
done
[ ${#parts[@]} -gt 0 ] || parts=(build correctness sanitizer attention steps)
wanted() { [[ " ${parts[*]} " == *" $1 "* ]]; }

command -v cmake > /dev/null || { echo "run.sh: cmake is missing (Debian/Ubuntu: apt-get install cmake)"; exit 1; }
if [ $dry = 1 ]; then
    build=${BUILD:-$root/native/.build/cuda-bench-dry}
    device="no device: dry run"
    report=$root/bench/results/local/cuda-dry-run.md
else
    build=${BUILD:-$root/native/.build/cuda-bench}
    command -v nvcc > /dev/null || { echo "run.sh: nvcc is missing (Debian/Ubuntu: cuda-nvcc-13-0 from NVIDIA's repository)"; exit 1; }
    device=$(nvidia-smi --query-gpu=name --format=csv,noheader 2> /dev/null | head -1)
    [ -n "$device" ] || { echo "run.sh: no CUDA device (nvidia-smi lists none); --dry-run does what needs none"; exit 1; }
    report=$root/bench/results/cuda-$(echo "$device" | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9-').md
fi
mkdir -p "$build" "$(dirname "$report")"
log=$build/report.log
wanted build && : > "$log"
exec 3>&1 > >(tee -a "$log") 2>&1

# Targets are lines "verdict | point | what | value | target | pass or FAIL |", wherever they are printed.
check() {  # check <point> <what> <command ...>: a failure is recorded and the run goes on
    local point=$1 what=$2
    shift 2
    local started=$SECONDS result=pass
    "$@" || result=FAIL
    echo "verdict | $point | $what | $((SECONDS - started)) s | no failure | $result |"
}
left_out() { echo "verdict | $1 | $2 | - | - | left out: $3 |"; }

# The folder with cuBLAS's include and lib: "toolkit", a Python package's, or nothing.
cublas() {
    local header toolkit
    toolkit=$(dirname "$(dirname "$(command -v nvcc)")")
    for header in {"$toolkit",/usr/local/cuda}/{include,targets/*/include}/cublas_v2.h /usr/include/cublas_v2.h; do
        [ -f "$header" ] && { echo toolkit; return; }
    done
    python3 -c '
import glob, os, sys
found = [f for p in sys.path for f in glob.glob(os.path.join(p, "nvidia", "*", "include", "cublas_v2.h"))]
print(os.path.dirname(os.path.dirname(found[0])) if found else "")' 2> /dev/null
}

configure() {
    local options=(-DCMAKE_BUILD_TYPE=Release -DENGINE_ADDON=OFF -DENGINE_TESTS=ON)
    local archive=$root/native/.build/llama.cpp.tar.xz
    if [ -z "${LLAMA_CPP_DIR:-}" ] && [ -f "$archive" ]; then
        [ -d "$build/llama.cpp-source" ] || { mkdir -p "$build/llama.cpp-source" && tar -C "$build/llama.cpp-source" -xJf "$archive"; }
        options+=("-DLLAMA_CPP_DIR=$build/llama.cpp-source")
    fi
    command -v ninja > /dev/null && options+=(-G Ninja)
    if [ $dry = 0 ]; then
        options+=(-DENGINE_CUDA=ON)
        local found
        found=$(cublas)
        [ -n "$found" ] || { echo "cuBLAS is not installed (Debian/Ubuntu: libcublas-dev-13-0, pip: nvidia-cublas)"; return 1; }
        [ "$found" = toolkit ] || options+=("-DCUBLAS_ROOT=$found")
    fi
    cmake -S "$root" -B "$build" "${options[@]}" > "$build/configure.log" 2>&1 || { tail -5 "$build/configure.log"; return 1; }
}

if wanted build; then
    started=$SECONDS
    echo "# CUDA path on $device"
    echo
    echo "command: bench/cuda/run.sh${*:+ $*}, $(date -u +%Y-%m-%d)"
    [ $dry = 1 ] || echo "$(nvcc --version | grep -o 'release [0-9.]*'), driver $(nvidia-smi --query-gpu=driver_version --format=csv,noheader | head -1)"
    kernels=(cuda-emulation-test cuda-partition-test)
    [ $dry = 1 ] || kernels+=(cuda-device-test attention-bench)
    engine=(stock-attention whole-step make-test-models runner-logits-test runner-fixed-shapes-test runner-batch-shape-test)
    if configure; then
        cmake --build "$build" -j "$jobs" --target "${kernels[@]}" "${engine[@]}" > "$build/build.log" 2>&1 || tail -30 "$build/build.log"
    elif [ $dry = 0 ]; then
        echo "llama.cpp cannot be built here: kernels only"
        rm -rf "$build/CMakeCache.txt" "$build/CMakeFiles"
        if ! cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DENGINE_LLAMA=OFF -DENGINE_CUDA=ON -DENGINE_TESTS=ON > "$build/configure.log" 2>&1; then
            tail -5 "$build/configure.log"
            exit 1
        fi
        cmake --build "$build" -j "$jobs" --target "${kernels[@]}" > "$build/build.log" 2>&1 || tail -30 "$build/build.log"
    fi
    echo "build: $((SECONDS - started)) s"
fi

has() { [ -x "$build/$1" ]; }
if wanted correctness; then
    check 1 "work partition of random plans" "$build/cuda-partition-test"
    check 1 "kernels emulated on the CPU" "$build/cuda-emulation-test"
    [ $dry = 1 ] || check 1 "kernels on the device against double precision (NMSE limit 1e-5, bf16 1e-4)" "$build/cuda-device-test"
    if has runner-logits-test; then
        export BANYAN_TEST_MODELS=$build/test-models
        check 1 "test models" ctest --test-dir "$build" -R '^make-test-models$' --output-on-failure
        [ $dry = 1 ] || export BANYAN_TEST_GPU_LAYERS=999
        check 1 "logits of every architecture's test model against the CPU (NMSE limit 1e-4, CPU 1e-5)" "$build/runner-logits-test" "every supported"
        check 1 "shapes of decode steps" "$build/runner-batch-shape-test"
        BANYAN_TEST_MODEL=$BANYAN_TEST_MODELS/qwen3-dense.gguf check 4 "one graph for the decodes of a bucket" "$build/runner-fixed-shapes-test" "one graph"
        BANYAN_TEST_MODEL=$BANYAN_TEST_MODELS/qwen3-dense.gguf check 1 "padding touches its own page only" "$build/runner-fixed-shapes-test" "padding writes"
        unset BANYAN_TEST_GPU_LAYERS
    else
        left_out 1 "logits through llama.cpp" "not built"
    fi
fi

if wanted sanitizer && [ $dry = 0 ]; then
    if command -v compute-sanitizer > /dev/null; then
        for tool in memcheck racecheck synccheck initcheck; do
            check 1 "compute-sanitizer $tool" timeout 120 compute-sanitizer --tool $tool --error-exitcode 9 --print-limit 5 \
                "$build/cuda-device-test" sanitizer
        done
    else
        left_out 1 "compute-sanitizer" "not installed (Debian/Ubuntu: cuda-sanitizer-13-0)"
    fi
fi

if wanted attention; then
    [ $dry = 1 ] || check 2 "attention-bench ran" "$build/attention-bench"
    if has stock-attention; then
        cpu=()
        [ $dry = 0 ] || cpu=(--cpu --repeats 3)
        check 3 "stock-attention ran" "$build/stock-attention" "${cpu[@]}"
    else
        left_out 3 "attention against stock" "not built"
    fi
fi

if wanted steps; then
    if has whole-step; then
        cpu=()
        [ $dry = 0 ] || cpu=(--cpu --repeats 3)
        check 2 "whole-step ran" "$build/whole-step" "$build" "${cpu[@]}"
    else
        left_out "2-5" "whole steps against stock" "not built"
    fi
fi

# The report: what was printed, then the targets.
sleep 1 # tee
{
    grep -v '^verdict | ' "$log"
    printf '\n## Targets%s\n\n| point | what | measured | target | |\n|---|---|---|---|---|\n' "$([ $dry = 0 ] || echo ' (dry run on the CPU: times and ratios mean nothing)')"
    grep '^verdict | ' "$log" | sed 's/^verdict //' | sort -s -t '|' -k 2,2
} > "$report"
sed -n '/^## Targets/,$p' "$report" >&3
echo "report: $report" >&3
! grep -q '^verdict .*| FAIL |$' "$log"
