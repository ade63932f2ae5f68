"""One forward pass of many sequences on shared prefixes.

kv_cache        where keys and values stand: slots, allocated and freed
packing         what goes into a pass: input ids, positions, slot mapping, lengths; all as one array of integers
model_runner    the pass itself, on one device or several; a model's own layers with this package's attention
interface       the seam to transformers: writes the new keys, picks a backend
output_head     logits in float32
torch_backend   attention in torch operations: any device, sliding windows, capped scores
flash_backend   attention by the FlashAttention kernel for sequences of varying length, on CUDA
cuda_graphs     passes that are captured once and replayed
"""
