#!/usr/bin/env bash
# Real engines and routers behind RemoteEngine, for nights: LLAMA_SERVER=<binary> bench/peers/remote-engines.sh [part ...]
#
#   llama-server    one llama-server
#   vllm            vLLM for the CPU (vllm.sh: 3.5 GB at the first time)
#   vllm-test       test/remote/vllm.test.ts on that vLLM
#   vllm-router     vllm-router in front of it
#   smg             smg in front of two llama-servers, in chat mode
#   sglang-router   SGLang's router in front of two llama-servers, in chat mode
#   chat-pool       two llama-servers as a pool of chat backends; one is killed in the midst, and all workflows come to their end
#
# Without parts: all of them, about ten minutes. Each runs bench/remote/engines.ts with the package's small model, has limits of its own and writes its row of
# RESULT (default bench/results/remote-engines.md) at once; the rows of other parts stay as they are. A part that cannot run is skipped, with the reason,
# and the next one begins. Exits with 1 where one failed or was skipped.
# START_SECONDS (300) is the time for what is started to answer, PART_SECONDS (400) that for what is counted. LOGS (default a new folder of /tmp) has what servers say.
# ROUTERS_HOME (default ~/.cache/routers) gets an environment of Python 3.11 for the routers.
set -uo pipefail
cd "$(dirname "$0")/../.."
model=models/banyan-tiny.gguf
result=${RESULT:-bench/results/remote-engines.md}
home=${ROUTERS_HOME:-$HOME/.cache/routers}
logs=${LOGS:-$(mktemp -d)}
all=(llama-server vllm vllm-test vllm-router smg sglang-router chat-pool)
[ $# -gt 0 ] && parts=("$@") || parts=("${all[@]}")
for part in "${parts[@]}"; do
  [[ " ${all[*]} " == *" $part "* ]] || { echo "There is no part $part; there are: ${all[*]}" >&2; exit 2; }
done

declare -A process # by name: a group of its own, so that what it starts ends with it
declare -A version=([vllm]=0.32.0 [vllm-test]=0.32.0 [vllm-router]=0.1.17 [smg]=1.13.0 [sglang-router]=0.3.2)
failed=0
trap 'for name in "${!process[@]}"; do stop "$name"; done' EXIT
trap 'exit 130' INT TERM

start() { # <name> <command ...>
  local name=$1
  shift
  setsid "$@" > "$logs/$name.log" 2>&1 &
  process[$name]=$!
}

stop() {
  local group=${process[$1]:-}
  unset "process[$1]"
  [ -n "$group" ] || return 0
  kill -TERM -- "-$group" 2> /dev/null || return 0
  for _ in $(seq 50); do
    kill -0 -- "-$group" 2> /dev/null || return 0
    sleep 0.1
  done
  kill -KILL -- "-$group" 2> /dev/null || true
}

answers() { # <name> <url>: waits until it does; fails when the process ends before, or with START_SECONDS
  local until=$((SECONDS + ${START_SECONDS:-300}))
  until curl --silent --fail --max-time 5 --output /dev/null "$2"; do
    kill -0 "${process[$1]}" 2> /dev/null || { why="$1 ended at its start: $(lastOf "$1")"; return 1; }
    [ $SECONDS -lt $until ] || { why="$1 did not answer within ${START_SECONDS:-300} s: $(lastOf "$1")"; return 1; }
    sleep 1
  done
}

lastOf() { tail -n 1 "$logs/$1.log" | tr -d '|\r' | tail -c 200; }

up() { # <name> <url> <command ...>: starts it unless it is there
  local name=$1 url=$2
  shift 2
  [ -n "${process[$name]:-}" ] && kill -0 "${process[$name]}" 2> /dev/null && return 0
  start "$name" "$@"
  answers "$name" "$url" && return 0
  stop "$name"
  return 1
}

llama() { # <port>
  [ -x "${LLAMA_SERVER:-}" ] || { why='LLAMA_SERVER does not name a llama-server'; return 1; }
  version[llama-server]=$("$LLAMA_SERVER" --version 2>&1 | sed -n 's/^version: //p')
  up "llama-$1" "http://127.0.0.1:$1/health" "$LLAMA_SERVER" -m $model -t 1 -c 65536 -np 8 --kv-unified --port "$1"
}

vllm() { up vllm http://127.0.0.1:8100/v1/models bench/peers/vllm.sh $model 8100; }

installed() { # <package> <module>
  command -v python3.11 > /dev/null || { why='there is no python3.11'; return 1; }
  [ -x "$home/bin/pip" ] || python3.11 -m venv "$home" || { why="no environment could be made in $home"; return 1; }
  "$home/bin/pip" show --quiet "$1" 2> /dev/null || timeout "${START_SECONDS:-300}" "$home/bin/pip" install --quiet "$1==${version[$1]}" > "$logs/$1.pip.log" 2>&1 ||
    { why="$1 could not be installed: $(lastOf "$1.pip")"; return 1; }
}

router() { # <name> <port> <command ...>
  local name=$1 port=$2
  shift 2
  up "$name" "http://127.0.0.1:$port/v1/models" "$@" --host 127.0.0.1 --port "$port" --policy cache_aware
}

engines() { timeout --kill-after 10 "${PART_SECONDS:-400}" npx tsx --tsconfig tsconfig.test.json bench/remote/engines.ts "$result" "$@"; }

count() { # <part> <url>
  engines row "$1" "${version[$1]}" "$2" > "$logs/$1.count.log" 2>&1
  local code=$?
  cat "$logs/$1.count.log"
  [ $code -eq 0 ] && return 0
  [ $code -eq 124 ] && why="it was not through within ${PART_SECONDS:-400} s" || why="it failed: $(grep -m 1 -E '^[A-Za-z]*Error' "$logs/$1.count.log" | tr -d '|\r' | head -c 200)"
  return 1
}

run() {
  why=''
  case $1 in
    llama-server) llama 8201 && count "$1" http://127.0.0.1:8201 ;;
    vllm) vllm && count "$1" http://127.0.0.1:8100 ;;
    vllm-test)
      vllm || return 1
      VLLM_URL=http://127.0.0.1:8100 timeout --kill-after 10 "${PART_SECONDS:-400}" npx vitest run test/remote/vllm.test.ts > "$logs/$1.log" 2>&1
      local said
      said=$(sed 's/\x1b\[[0-9;]*m//g' "$logs/$1.log" | sed -n 's/^ *Tests  *//p')
      [[ $said == *passed* && $said != *failed* ]] || { why="${said:-no test ran}: $(lastOf "$1")"; return 1; }
      engines tests "$1" "${version[$1]}" "$said"
      ;;
    vllm-router)
      vllm && installed vllm-router && router "$1" 8310 "$home/bin/python" -m vllm_router.launch_router --prometheus-port 29310 \
        --worker-urls http://127.0.0.1:8100 && count "$1" http://127.0.0.1:8310
      ;;
    smg)
      llama 8201 && llama 8202 && installed smg && router "$1" 8300 "$home/bin/smg" launch --prometheus-port 29300 \
        --worker-urls http://127.0.0.1:8201 http://127.0.0.1:8202 && count "$1" chat:http://127.0.0.1:8300
      ;;
    sglang-router)
      llama 8201 && llama 8202 && installed sglang-router && router "$1" 8320 "$home/bin/python" -m sglang_router.launch_router --prometheus-port 29320 \
        --worker-urls http://127.0.0.1:8201 http://127.0.0.1:8202 && count "$1" chat:http://127.0.0.1:8320
      ;;
    chat-pool)
      llama 8201 && llama 8202 || return 1
      version[chat-pool]="llama-server ${version[llama-server]}"
      count "$1" "kill:${process[llama-8202]},http://127.0.0.1:8201,http://127.0.0.1:8202"
      ;;
  esac
}

echo "What servers say is in $logs"
for part in "${parts[@]}"; do
  began=$SECONDS
  if run "$part"; then echo "$part: done in $((SECONDS - began)) s"; else
    failed=1
    echo "$part: skipped after $((SECONDS - began)) s: $why"
    engines skipped "$part" "${version[$part]:-}" "$why" || true
  fi
  # A vLLM keeps a core busy when it is idle, and a router its workers.
  case $part in vllm-router | smg | sglang-router) stop "$part" ;; esac
  case " ${parts[*]} " in *" $part "*vllm*) ;; *) stop vllm ;; esac
done
exit $failed
