#!/bin/bash
# benchmarks/gpu/lost_card.sh OUT [OPTION…]: a run whose layers are split over all GPUs loses one's process in the middle;
# the same command goes on with the first GPU alone. Two lines of JSON: exit codes, papers stored, what was said last.
# OPTIONs are for `dsx extract`. Settings: SHAPE (qwen3-0.6b), PAPERS (12), TOKENS (3000), ONE (what the second run is told).
set -uo pipefail
out=$(realpath -m "${1:?OUT}"); shift; options=("$@")
cd "$(dirname "$0")/../.." || exit
export PYTHONPATH=$PWD:${PYTHONPATH:-} HF_HUB_OFFLINE=1
rm -rf "$out"; mkdir -p "$out"
python - "$out" "${SHAPE:-qwen3-0.6b}" "${PAPERS:-12}" "${TOKENS:-3000}" <<'PYTHON' || exit
import json, sys
from pathlib import Path
from dsx.bench import work
from dsx.engines.local.load_model import load_tokenizer
from dsx.engines.local.model_files import find
from dsx.engines.local.shapes import write_shape
out, shape, papers, tokens = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
write_shape(shape, out / "model")
tokenizer = load_tokenizer(find(str(out / "model"), weights=False))
(out / "set.json").write_text(json.dumps(work.parameter_set()), "utf-8")
work.write_papers(out / "papers", papers, tokens, 2, lambda text: len(tokenizer.encode(text)))
PYTHON
extract() { # exec: a signal to the job is one to dsx
    exec python -m dsx extract --schema "$out/set.json" --model "$out/model" --set weights=random --set draw=true \
        --records "Experiment 1,Experiment 2" --papers-in-flight 2 --run "$out/run" "$@" "$out"/papers/*
}
stored() { find "$out/run/records" -name '*.json' 2>/dev/null | wc -l; }
# ended NAME CODE
ended() {
    local said; said=$(tail -1 "$out/$1.log" | tr -d '"' | tr '\r' ' ' | cut -c1-200)
    echo "{\"step\": \"$1\", \"exit_code\": $2, \"papers_stored\": $(stored), \"papers\": ${PAPERS:-12}, \"said\": \"$said\"}"
}

extract "${options[@]}" >"$out/killed.log" 2>&1 & run=$!
until (( $(stored) >= 2 )) || ! kill -0 "$run" 2>/dev/null; do sleep 0.1; done
pkill -KILL --newest --full 'dsx\.engines\.local\.rank_process' || echo "no other process was there to kill" >&2
wait "$run"; ended killed $?
read -ra one <<<"${ONE:-}"
(CUDA_VISIBLE_DEVICES=0 extract "${options[@]}" "${one[@]}" >"$out/resumed.log" 2>&1); ended resumed $?
