#!/bin/bash
# benchmarks/gpu/one_card.sh OUT: all that one card is asked (one_card.py), each part a process with its own time limit.
# A part that fails or takes too long costs no other, and what it had said by then stays: OUT/PART.jsonl, OUT/PART.log.
# Settings: PARTS (which, in order), SHAPE (qwen3-32b), SMALL (qwen3-14b), LAYERS (64), PAPERS (18), TOKENS (10000), LIMIT
# (seconds of all parts together: what does not fit any more is cut or left out, 480).
set -uo pipefail
out=$(realpath -m "${1:?OUT}"); cd "$(dirname "$0")/../.."
shape=${SHAPE:-qwen3-32b}; small=${SMALL:-qwen3-14b}; layers=${LAYERS:-64}
sizes=(--papers "${PAPERS:-18}" --tokens "${TOKENS:-10000}"); few=$(( ${PAPERS:-18} * 5 / 9 ))
export HF_HUB_OFFLINE=1 PYTHONPATH=$PWD:${PYTHONPATH:-} DSX_NO_CACHE=1
mkdir -p "$out"; begun=$SECONDS
nvidia-smi --query-gpu=name,memory.total,memory.used,clocks.sm,driver_version --format=csv,noheader >"$out/machine.txt" 2>&1

# part NAME LIMIT ARGUMENTS…
part() {
    local name=$1 limit=$2 started=$SECONDS; shift 2
    [[ " ${PARTS:-$name} " == *" $name "* ]] || return 0
    local left=$(( ${LIMIT:-480} - SECONDS + begun ))
    (( left < limit )) && limit=$left
    (( limit > 20 )) || { echo "$name: no time left"; return 0; }
    timeout --kill-after=5 "$limit" python benchmarks/gpu/one_card.py "$@" >>"$out/$name.jsonl" 2>"$out/$name.log"
    echo "$(date +%T) $name: exit $?, $(( SECONDS - started )) s, $(wc -l <"$out/$name.jsonl") lines"
    tail -3 "$out/$name.log" | cut -c1-300
}

part work 270 work --shape "$shape" "${sizes[@]}"
part step 150 step --layers "$layers"
part budgets 150 budgets --shape "$small" --papers "$few" --tokens "${TOKENS:-10000}"
part prefill_kernels 60 prefill_kernels
part attention 60 attention --layers 8
part exact 90 budgets --shape qwen3-0.6b --dtype float32 --papers 3 --tokens 3000 --rows 64 --budgets "90%" "40%"
