# The parts of run.sh, in their order: name | most seconds | what | target. Sourced; part_<name> runs one.
PARTS='build        | 45  | unpacks the programs and tries one; 360 s where they have to be compiled  | each starts
kernels      | 90  | the kernels against double precision, through ggml against stock attention | NMSE <= 1e-5 (bf16 1e-4), to stock 1e-4
logits       | 100 | logits of every architecture of the random zoo, device against CPU         | NMSE <= 1e-4
tokens       | 80  | greedy tokens of whole engines: reuse, fork, preemption, device against CPU | the same up to ties of 0.1 nat
attention    | 55  | attention alone: bytes a second, and against stock                          | >= 0.70 of memory bandwidth at 8 x 2,048 and 32 x 1,024
steps-0.6b   | 60  | whole decode steps and prefill of the 0.6B shape against stock              | >= 1.0x, >= 1.5x at 8 x 2,048; host <= 150 us
steps-8b     | 110 | the same of the 8B shape; live sequences at equal memory                    | >= 1.0x, >= 1.5x at 8 x 2,048; >= 5x live
agents       | 90  | agents with tools through the addon; a fleet against one at a time          | answers as on the CPU; >= 2x
sanitizer    | 80  | compute-sanitizer over one problem of each kind                             | clean'

part_names() { echo "$PARTS" | cut -d '|' -f 1 | xargs; }
# limit_of <part> [where the programs come from: packed or compiled]
limit_of() {
    local limit
    limit=$(echo "$PARTS" | awk -F ' *[|] *' -v part="$1" '$1 == part { print $2 }')
    [ -n "$limit" ] || return 1
    if [ "$1" = build ] && [ "${2:-$([ -f "$ARCHIVE" ] && echo packed || echo compiled)}" = compiled ]; then limit=360; fi
    echo "$limit"
}

# What bench/cuda/pack.sh made.
ARCHIVE=${ARCHIVE:-$root/native/.build/cuda-programs.tar.xz}
NODE_ARCHIVE=${NODE_ARCHIVE:-$root/native/.build/cuda-node.tar.xz}
PROGRAMS=(cuda-partition-test cuda-emulation-test greedy-tokens stock-answers stock-attention whole-step make-test-models
    runner-logits-test runner-state-bank-test)
CUDA_PROGRAMS=(cuda-device-test attention-bench)

# Folders of the CUDA runtime and cuBLAS: a toolkit's, or those of Python packages (PyTorch brings them), with ':' between.
cuda_libraries() {
    {
        dirname "$(ldconfig -p 2> /dev/null | awk '/libcublas.so.1/ { print $NF; exit }')" 2> /dev/null
        ls -d /usr/local/cuda/lib64 /usr/local/cuda/targets/*/lib 2> /dev/null
        [ -z "${VIRTUAL_ENV:-}" ] || ls -d "$VIRTUAL_ENV"/lib/python3*/site-packages/nvidia/*/lib 2> /dev/null
        python3 -c '
import glob, os, sys
for p in sys.path:
    for f in glob.glob(os.path.join(p, "nvidia", "*", "lib")): print(f)' 2> /dev/null
    } | grep / | awk '!seen[$0]++' | paste -sd :
}

# unpack <archive> <folder>: Python where tar finds no xz.
unpack() {
    mkdir -p "$2" && { tar -C "$2" -xf "$1" 2> /dev/null || python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$1" "$2"; }
}

cpu_only() { [ $dry = 0 ] || echo --cpu; }
left_out() { echo "left out: $1"; exit 3; }
needs() { [ -x "$bin/$1" ] || left_out "$1 is not built"; }
models() { ls "$root"/models/*.gguf "$carried"/models/*.gguf 2> /dev/null; }

part_build() {
    if [ $dry = 1 ]; then
        [ -f "$build/CMakeCache.txt" ] || { echo "no build in $build: npm install makes it"; return 1; }
        cmake -DENGINE_TESTS=ON "$build" > /dev/null || return 1
        cmake --build "$build" --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}" --target "${PROGRAMS[@]}" > "$state/build.txt" 2>&1 ||
            { tail -30 "$state/build.txt"; return 1; }
        ARCHIVE=$ARCHIVE NODE_ARCHIVE=$NODE_ARCHIVE "$here/pack.sh" --fast "$build" || return 1
    fi
    if [ -f "$ARCHIVE" ]; then
        rm -rf "$carried" && unpack "$ARCHIVE" "$carried" || return 1
        local program missing
        for program in "$carried"/bin/*; do
            missing=$(ldd "$program" | grep 'not found')
            [ -z "$missing" ] || { echo "$program: $missing"; return 1; }
        done
        if [ $dry = 1 ]; then "$carried/bin/cuda-partition-test" "one"; else "$carried/bin/cuda-device-test" "pages copied"; fi
        return
    fi
    command -v nvcc > /dev/null || { echo "nvcc is missing, and so is $ARCHIVE of bench/cuda/pack.sh"; return 1; }
    local options=(-DCMAKE_BUILD_TYPE=Release -DENGINE_ADDON=OFF -DENGINE_TESTS=ON -DENGINE_CUDA=ON)
    command -v ninja > /dev/null && options+=(-G Ninja)
    local source=$root/native/.build/llama.cpp.tar.xz
    if [ -z "${LLAMA_CPP_DIR:-}" ] && [ -f "$source" ]; then
        [ -d "$build/llama.cpp-source" ] || unpack "$source" "$build/llama.cpp-source" || return 1
        options+=("-DLLAMA_CPP_DIR=$build/llama.cpp-source")
    fi
    cmake -S "$root" -B "$build" "${options[@]}" > "$state/configure.txt" 2>&1 || { tail -5 "$state/configure.txt"; return 1; }
    cmake --build "$build" --parallel "${JOBS:-$(nproc)}" --target "${PROGRAMS[@]}" "${CUDA_PROGRAMS[@]}" > "$state/build.txt" 2>&1 ||
        { tail -30 "$state/build.txt"; return 1; }
    echo "compiled in $SECONDS s with ${JOBS:-$(nproc)} jobs"
    "$build/cuda-device-test" "pages copied"
}

part_kernels() {
    local rc=0
    "$bin/cuda-partition-test" || rc=1
    if [ $dry = 1 ]; then "$bin/cuda-emulation-test" || rc=1; else "$bin/cuda-device-test" || rc=1; fi
    needs stock-answers
    "$bin/stock-answers" $(cpu_only) || rc=1
    return $rc
}

part_logits() {
    needs runner-logits-test
    local rc=0
    export BANYAN_TEST_MODELS=$build/test-models
    [ -f "$BANYAN_TEST_MODELS/complete-1" ] || cmake "-DTOOL=$bin/make-test-models" "-DDIR=$BANYAN_TEST_MODELS" -P "$root/native/cmake/make-test-models.cmake" || return 1
    if [ $dry = 1 ]; then # npm test runs all of them
        "$bin/runner-logits-test" "quantised" || rc=1
        "$bin/runner-state-bank-test" "byte by byte" || rc=1
    else
        BANYAN_TEST_GPU_LAYERS=999 "$bin/runner-logits-test" "every supported" || rc=1
        BANYAN_TEST_GPU_LAYERS=999 "$bin/runner-state-bank-test" "saved state" || rc=1
    fi
    return $rc
}

part_tokens() {
    needs greedy-tokens
    "$bin/greedy-tokens" $(models) $(cpu_only)
}

part_attention() {
    local rc=0
    [ $dry = 1 ] || "$bin/attention-bench" || rc=1
    needs stock-attention
    "$bin/stock-attention" $(cpu_only) || rc=1
    return $rc
}

steps() {
    needs whole-step
    "$bin/whole-step" "$state" --shape "$1" $(cpu_only) $([ $dry = 0 ] || echo --repeats 3)
}
part_steps_0_6b() { steps 0.6b; }
part_steps_8b() { steps 8b; }

part_agents() {
    local node=$carried/node
    if [ ! -d "$carried/package" ]; then
        [ -f "$NODE_ARCHIVE" ] || left_out "$NODE_ARCHIVE of bench/cuda/pack.sh is not here"
        unpack "$NODE_ARCHIVE" "$carried" || return 1
    fi
    [ -f "$carried/bin/engine.node" ] || left_out "no engine.node: it comes packed"
    [ -x "$node" ] || node=$(command -v node) || left_out "no Node"
    ENGINE_BINARY=$carried/bin/engine.node "$node" "$carried/package/dist/native/agents.mjs" --folder "$state" $(cpu_only)
}

part_sanitizer() {
    local rc=0 tool
    if [ $dry = 1 ]; then "$bin/cuda-emulation-test" "not blind"; return; fi
    command -v compute-sanitizer > /dev/null || left_out "compute-sanitizer is not installed (Debian/Ubuntu: cuda-sanitizer-13-0)"
    for tool in memcheck racecheck synccheck initcheck; do
        echo "-- $tool"
        if compute-sanitizer --tool $tool --error-exitcode 9 --print-limit 5 "$bin/cuda-device-test" sanitizer; then
            echo "verdict | 6 | compute-sanitizer $tool, findings | 0 | <= 0 | pass |"
        else
            echo "verdict | 6 | compute-sanitizer $tool, findings | some | <= 0 | FAIL |"
            rc=1
        fi
    done
    return $rc
}
