#!/usr/bin/env bash
# Packs what a machine with a device needs beside the working tree, so that nothing is compiled there:
#   native/.build/cuda-programs.tar.xz   the programs of run.sh and engine.node, with CUDA code for sm_90; random models
#   native/.build/cuda-node.tar.xz       Node, and the agents of part 5 as one file
# Identical device code in all programs is stored once: xz looks back further than a program is long.
#
#   bench/cuda/pack.sh [--fast] [build folder]     default: native/.build/cuda-pack, configured and built here first
#   bench/cuda/pack.sh --source                    native/.build/llama.cpp.tar.xz alone, 2 MB, for a machine that compiles
#
# CUDA_ROOT, and CUDA_ARCH (90-real), are those of the build. --fast: hardly compressed, of a build that is there.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
if [ "${1:-}" = --source ]; then
    source=$root/native/.build/llama.cpp-v0.5.0
    [ -f "$source/.git/banyan-patches" ] || { echo "pack.sh: no patched llama.cpp yet: npm run build:native makes it"; exit 1; }
    others=()
    for folder in "$source"/ggml/src/ggml-*/; do
        case $folder in */ggml-cpu/ | */ggml-cuda/) ;; *) others+=("--exclude=ggml/src/$(basename "$folder")") ;; esac
    done
    tar -C "$source" "${others[@]}" --exclude='tests/*/*' -cJf "$root/native/.build/llama.cpp.tar.xz" \
        CMakeLists.txt LICENSE cmake common ggml include licenses src tests/test-llama-archs.cpp vendor
    exec ls -l "$root/native/.build/llama.cpp.tar.xz"
fi
fast=0
[ "${1:-}" != --fast ] || { fast=1; shift; }
build=${1:-$root/native/.build/cuda-pack}
source "$root/bench/cuda/parts.sh"

if [ $fast = 0 ]; then
    # For other CPUs than this one too, and with rpaths of no folder of this machine.
    cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DENGINE_CUDA=ON -DENGINE_TESTS=ON -DGGML_NATIVE=OFF \
        "-DCMAKE_CUDA_ARCHITECTURES=${CUDA_ARCH:-90-real}" ${CUDA_ROOT:+"-DCUDA_ROOT=$CUDA_ROOT"} \
        -DCMAKE_SKIP_RPATH=ON $(command -v ninja > /dev/null && echo -G Ninja) > "$build.txt" || { tail -5 "$build.txt"; exit 1; }
    cmake --build "$build" --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}" --target "${PROGRAMS[@]}" "${CUDA_PROGRAMS[@]}" engine
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/bin" "$scratch/models" "$scratch/package/dist/native" "$scratch/package/native" "$scratch/package/models"
for program in "${PROGRAMS[@]}" "${CUDA_PROGRAMS[@]}" engine.node; do
    [ ! -f "$build/$program" ] || strip -o "$scratch/bin/$program" "$build/$program"
done
cd "$root"
for architecture in llama qwen2 qwen3 gemma2 gemma3 qwen3moe mamba lfm2; do
    npx tsx testing/models/make-model.ts --arch $architecture --out "$scratch/models/$architecture.gguf" > /dev/null
    [ $fast = 0 ] || break
done

# The agents in one file, at the depth of dist/native: from there they find the addon and the embedded model.
npx esbuild bench/cuda/agents.ts --bundle --platform=node --target=node20 --format=esm --alias:banyan=./src/index.ts --log-level=error \
    --banner:js='import { createRequire as require_of } from "node:module"; const require = require_of(import.meta.url);' \
    --outfile="$scratch/package/dist/native/agents.mjs"
cp -r examples/fleet/notes "$scratch/package/dist/native/notes"
cp native/index.cjs "$scratch/package/native"
cp package.json "$scratch/package"
cp models/banyan-tiny.gguf "$scratch/package/models"
[ $fast = 1 ] || cp "$(node -p process.execPath)" "$scratch/node"

compression=(xz -T1 --lzma2=preset=6,dict=192MiB)
[ $fast = 0 ] || compression=(gzip -1)
tar -C "$scratch" -cf - bin models | "${compression[@]}" > "$ARCHIVE"
tar -C "$scratch" -cf - package $([ $fast = 1 ] || echo node) | "${compression[@]}" > "$NODE_ARCHIVE"
ls -l "$ARCHIVE" "$NODE_ARCHIVE"
