"""The engine "server": any OpenAI-compatible endpoint (vLLM, SGLang, llama.cpp, Ollama), here or on another machine.

engine      finds the model, probes what holds answers, asks questions side by side
endpoint    HTTP: time limits, retries, and a key that nobody gets to see
reply       what a reply says: text, token log-probabilities, cost
logprobs    confidence from token log-probabilities
"""
