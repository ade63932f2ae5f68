"""The engine `transformers`: a model in this process, one prefill a text, every answer under its own grammar.

engine            the engine: questions in, completions out; its options
model_files       where a model's files are; the embedded model; downloads
load_model        a model from its files: device, type, attention
quantized         weights of 8 or 4 bits
tokenizer_only    the engine without its model, for a preview
parallel          several GPUs: each layer split over all, or each on one
load_rank         what each GPU's process loads, where layers are split
ranks             the other processes: told what to run, and what becomes of a run where one is lost
rank_process      one of them
memory            the memory plan: weights, activations, graphs, and how large the KV cache may be
shapes            shapes of well-known models, for those without weights
parity            the parity check: a model that this package would run wrongly is refused
round_trip        whether a tokenizer's tokens spell the bytes that the grammars take them for
fused             small operations of a model as one kernel each, by torch.compile
prefix_cache      prefill of shared prefixes, and which of them are cached
sequence          one answer that is being generated
scheduler         which sequences run, which wait, which are preempted
batches           which sequences go through one forward pass
generate          the decode loop
sampler           masks, sampling, probabilities
attention/        one forward pass: KV cache, packing, model runner, backends, CUDA graphs
confidence        confidence from the probabilities of an answer's tokens
prior             what the model would choose without a text (--prior-weight)
null_bias         a threshold on p(null) (--null-bias)
choice_scores     the probability of every choice of a parameter (--alternatives)
self_consistency  how many drawn answers agree (--samples)
"""
