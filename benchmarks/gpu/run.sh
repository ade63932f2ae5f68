#!/bin/bash
# benchmarks/gpu/run.sh OUT [VLLM_PYTHON]: every figure that is wanted of a machine with one or two GPUs, into OUT/*.jsonl.
# One file a question, one line of JSON a measurement; a measurement that fails leaves its log and costs no other.
# VLLM_PYTHON: the Python of an environment with vLLM, dsx-extract and dsx-vllm (plugins/dsx-vllm/README.md).
# Settings: SHAPE (qwen3-32b), SMALL (qwen3-14b, must fit one card), PAPERS (18), TOKENS (10000), STEPS (all, by name).
set -uo pipefail
out=$(realpath -m "${1:?OUT}"); vllm=${2:-}
shape=${SHAPE:-qwen3-32b}; small=${SMALL:-qwen3-14b}; papers=${PAPERS:-18}; tokens=${TOKENS:-10000}
cards=$(python -c 'import torch; print(torch.cuda.device_count())')
export NCCL_NVLS_ENABLE=0 HF_HUB_OFFLINE=1
mkdir -p "$out"; cd "$(dirname "$0")/../.."

# step NAME FILE COMMAND…: the command's lines of JSON into FILE.jsonl, what it says into NAME.log
step() {
    local name=$1 file=$2; shift 2
    [[ " ${STEPS:-$name} " == *" $name "* ]] || return 0
    echo "$(date +%T) $name: $*" >&2
    "$@" 2>"$out/$name.log" | sed -n "s/^{/{\"step\": \"$name\", /p" >>"$out/$file.jsonl"
    local code=${PIPESTATUS[0]}
    [[ $code == 0 ]] || echo "{\"step\": \"$name\", \"exit_code\": $code}" >>"$out/$file.jsonl"
}
bench() { python -m dsx bench --random-weights --papers "$papers" --tokens "$tokens" --engine transformers --json "$@"; }
bench_vllm() { "$vllm" -m dsx bench --random-weights --papers "$papers" --tokens "$tokens" --engine vllm --json "$@"; }
# timed COMMAND…: the seconds of a whole run
timed() {
    local started=$(date +%s.%N)
    "$@" >&2 || return
    echo "{\"seconds\": $(echo "$(date +%s.%N) - $started" | bc)}"
}
# extract N GPUS RUN: `dsx extract` in N processes, on what the bench kept
extract() {
    CUDA_VISIBLE_DEVICES=$2 timed python -m dsx extract --schema "$out/kept/set.json" --model "$out/kept/model" \
        --set weights=random --set draw=true --records "Experiment 1,Experiment 2" --processes "$1" \
        --papers-in-flight 6 --run "$out/runs/$3" "$out/kept/papers"
}

nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader >"$out/machine.txt"
python -c 'import torch, transformers; print("torch", torch.__version__, "transformers", transformers.__version__)' >>"$out/machine.txt"

# papers in flight; on several cards each layer is split over all ("own" of work A)
for flight in 1 6 18; do step "own-flight-$flight" work_a bench --shape "$shape" --papers-in-flight "$flight"; done
(( cards < 2 )) || step own-layers-18 work_a bench --shape "$shape" --papers-in-flight 18 --set parallel=layers
# the same work by vLLM, each layer split over all cards
[[ -z $vllm ]] || step vllm-tensor-parallel work_a bench_vllm --shape "$shape" --papers-in-flight 18
# free text
step own-written work_b bench --shape "$shape" --work written --papers-in-flight 18
[[ -z $vllm ]] || step vllm-written work_b bench_vllm --shape "$shape" --work written --papers-in-flight 18
# memory budgets
for share in 90 60 40; do
    step "budget-$share" budgets bench --shape "$shape" --papers-in-flight 18 --memory-budget "$share%"
done
# attention for prefill
for attention in flash_attention_2 sdpa eager; do
    step "attention-$attention" attention bench --shape "$small" --papers-in-flight 18 --attention "$attention"
done
# one step, by rows and prefixes, and prefill alone
step decode step python benchmarks/gpu/decode.py --cards "$cards" --out "$out/decode.json"
if (( cards > 1 )); then
    # ways of using two cards with a model that fits one: each layer split, layers shared out, one card, a process a card
    step small-tensor ways bench --shape "$small" --papers-in-flight 6 --records 2 --keep "$out/kept"
    step small-layers ways bench --shape "$small" --papers-in-flight 6 --records 2 --set parallel=layers
    step small-one-card ways extract 1 0 one-card
    step small-two-processes ways extract 2 0,1 two-processes
    step tensor-parallel ways torchrun --nproc-per-node "$cards" benchmarks/gpu/tensor_parallel.py "$shape"
fi
