# What run.sh writes: a part's result as JSON, the report of all, and the plan. Sourced.

quoted() { sed 's/\\/\\\\/g; s/"/\\"/g; s/[\t\r]/ /g' | tr -d '\000-\010\013-\037' | awk '{ printf "\"%s\"", $0 }'; }

# write_part <part> <exit code> <seconds> <limit>: <part>.json; a part that was left out stays to be done. False: it failed.
write_part() {
    local part=$1 rc=$2 took=$3 limit=$4 log=$state/$1.log result=pass
    case $rc in
        0) ;;
        3) result="left out" ;;
        124 | 137) result=timeout ;;
        *) result=FAIL ;;
    esac
    # On the CPU only whether the programs run counts.
    [ $dry = 1 ] || [ "$result" != pass ] || ! grep -q '^verdict .*| FAIL |$' "$log" || result=FAIL
    {
        printf '{"part": "%s", "result": "%s", "seconds": %d, "limit": %d, "why": %s, "targets": [' "$part" "$result" "$took" "$limit" \
            "$(grep -m 1 '^left out: ' "$log" | quoted | grep . || echo '""')"
        grep '^verdict | ' "$log" | awk -F ' *[|] *' '{
            gsub(/["\\]/, "", $3)
            number = $4 ~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/
            printf "%s{\"what\": \"%s\", \"value\": %s, \"target\": \"%s\", \"holds\": %s}", (n++ ? ", " : ""), $3, number ? $4 : "\"" $4 "\"", $5, $6 == "pass" ? "true" : "false" }'
        printf ']}\n'
    } > "$state/$part.result"
    [ "$result" = "left out" ] || cp "$state/$part.result" "$state/$part.json"
    echo "== $part: $result, $took s of $limit"
    [ "$result" = pass ] || [ "$result" = "left out" ]
}

# write_report <path without ending>: everything that is done so far, as .md and .json.
write_report() {
    local part files=()
    for part in $(part_names); do [ ! -f "$state/$part.result" ] || files+=("$state/$part.result"); done
    local versions
    versions="$(nvcc --version 2> /dev/null | grep -o 'release [0-9.]*'), driver $(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2> /dev/null | head -1)"
    {
        printf '{"device": %s, "versions": %s, "date": "%s", "parts": [\n' "$(echo "$device" | quoted)" "$(echo "$versions" | quoted)" "$(date -u +%Y-%m-%d)"
        cat "${files[@]}" | paste -sd , | sed 's/},{"part"/},\n{"part"/g'
        printf ']}\n'
    } > "$1.json"
    {
        printf '# CUDA path on %s\n\ncommand: bench/cuda/run.sh, %s, %s\n' "$device" "$(date -u +%Y-%m-%d)" "$versions"
        for part in $(part_names); do [ ! -f "$state/$part.log" ] || grep -v '^verdict | ' "$state/$part.log"; done
        printf '\n## Parts\n\n| part | result | s | limit s |\n|---|---|---|---|\n'
        sed -E 's/.*"part": "([^"]*)", "result": "([^"]*)", "seconds": ([0-9]+), "limit": ([0-9]+).*/| \1 | \2 | \3 | \4 |/' "${files[@]}"
        printf '\n## Targets%s\n\n| part | what | measured | target | |\n|---|---|---|---|---|\n' \
            "$([ $dry = 0 ] || echo ' (dry run on the CPU: times and ratios mean nothing)')"
        for part in $(part_names); do [ ! -f "$state/$part.log" ] || grep '^verdict | ' "$state/$part.log" | sed 's/^verdict //'; done
    } > "$1.md"
}

# Seconds of one command, of all, and what compiling ggml-cuda took in CPU seconds, by file.
COMMAND_SECONDS=570
COMPILE_SECONDS=$root/native/runner/cuda/compile-seconds.tsv

print_plan() {
    echo "Parts of bench/cuda/run.sh, most valuable first:"
    echo
    echo "| part | at most s | what | target |"
    echo "|---|---|---|---|"
    echo "$PARTS" | sed -E 's/ *[|] */ | /g; s/^/| /; s/$/ |/'
    echo
    plan_commands packed
    plan_commands compiled
    echo
    # The C++ of llama.cpp and ours: README's 4 minutes on two cores.
    awk -F '\t' -v cores="${JOBS:-16}" -v cpp=480 '!/^#/ && NF > 1 { n++; sum += $2; if ($2 > most) { most = $2; file = $1 } }
        END { wall = (sum + cpp) / cores + most
              printf "compiling took %.0f CPU seconds for %d CUDA files (sm_90; longest: %s, %.0f s) and about %d for the C++:\n", sum, n, file, most, cpp
              printf "  at most %.0f s on %d cores that are as fast\n", wall, cores }' "$COMPILE_SECONDS"
}

# What runs in which command when every part takes its limit, as run.sh chooses: in order, what still fits.
plan_commands() {
    local left command total=0 part limit used took rest
    left=$(part_names)
    echo "programs $1:"
    for command in 1 2; do
        used=0 took='' rest=''
        for part in $left; do
            limit=$(limit_of "$part" "$1")
            if [ $((used + limit)) -le $COMMAND_SECONDS ] && [ $((total + used + limit)) -le 720 ]; then
                used=$((used + limit)) took="$took $part"
            else
                rest="$rest $part"
            fi
        done
        total=$((total + used)) left=$rest
        echo "  command $command: at most $used s:$took"
    done
    echo "  together $total of 720 s; left out:${left:- nothing}"
}
