#!/usr/bin/env bash
# Real engines and routers behind RemoteEngine, for nights: LLAMA_SERVER=<binary> bench/peers/remote-engines.sh [result.md]. Starts two llama-servers,
# vLLM for the CPU (vllm.sh: 3.5 GB at the first time), vllm-router in front of it and smg in front of the llama-servers, each with the package's small
# model, and writes what bench/remote/engines.ts counts. ROUTERS_HOME (default ~/.cache/routers) gets an environment of Python 3.11. Takes ten minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
result=${1:-bench/results/remote-engines.md}
model=models/banyan-tiny.gguf
home=${ROUTERS_HOME:-$HOME/.cache/routers}
[ -d "$home" ] || python3.11 -m venv "$home"
"$home/bin/pip" install --quiet smg==1.13.0 vllm-router==0.1.17

trap 'kill $(jobs -p) 2>/dev/null' EXIT
for port in 8201 8202; do
  "$LLAMA_SERVER" -m $model -t 1 -c 65536 -np 8 --kv-unified --port $port > /dev/null 2>&1 &
done
bench/peers/vllm.sh $model 8100 > /dev/null 2>&1 &
answers() { until curl --silent --fail --output /dev/null "$1"; do sleep 1; done; }
answers http://127.0.0.1:8100/v1/models
answers http://127.0.0.1:8201/health
answers http://127.0.0.1:8202/health
"$home/bin/python" -m vllm_router.launch_router --host 127.0.0.1 --port 8310 --prometheus-port 29310 --worker-urls http://127.0.0.1:8100 \
  --policy cache_aware > /dev/null 2>&1 &
"$home/bin/smg" launch --host 127.0.0.1 --port 8300 --prometheus-port 29300 --worker-urls http://127.0.0.1:8201 http://127.0.0.1:8202 \
  --policy cache_aware > /dev/null 2>&1 &
answers http://127.0.0.1:8310/v1/models
answers http://127.0.0.1:8300/v1/models

versions="vLLM 0.32.0, vllm-router 0.1.17, smg 1.13.0, llama-server $("$LLAMA_SERVER" --version 2>&1 | sed -n 's/^version: //p')."
npx tsx --tsconfig tsconfig.test.json bench/remote/engines.ts "$result" "$versions" llama-server=http://127.0.0.1:8201 vllm=http://127.0.0.1:8100 \
  vllm-router=http://127.0.0.1:8310 'smg over two llama-servers=chat:http://127.0.0.1:8300'
