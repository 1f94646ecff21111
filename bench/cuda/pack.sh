#!/usr/bin/env bash
# Packs llama.cpp's patched source for a machine without network: native/.build/llama.cpp.tar.xz, about 5 MB, which
# run.sh unpacks there. Bring the working tree and this file.
#   bench/cuda/pack.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
source=$root/native/.build/llama.cpp-v0.5.0
[ -f "$source/.git/banyan-patches" ] || { echo "pack.sh: no patched llama.cpp yet: npm run build:native (or cmake -S . -B native/.build/x) first"; exit 1; }
backends=()
for folder in "$source"/ggml/src/ggml-*/; do
    name=$(basename "$folder")
    case $name in ggml-cpu | ggml-cuda) ;; *) backends+=("--exclude=ggml/src/$name") ;; esac
done
tar -C "$source" "${backends[@]}" --exclude='tests/*/*' -cJf "$root/native/.build/llama.cpp.tar.xz" \
    CMakeLists.txt LICENSE cmake common ggml include licenses src tests/test-llama-archs.cpp vendor
ls -l "$root/native/.build/llama.cpp.tar.xz"
