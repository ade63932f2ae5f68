"""Decode: questions in, grammar-bound completions out, one prefill a text.

`engine` is the way in. What it is made of, in the order of an answer: `loading` (a model from its files, `models`) and
`trial`; `rendering` (messages to tokens), `grammar`; `cache` (prefixes); `row`, `batch`, `scheduler`, `choose` and
`loop`; `passes` (one forward pass of many rows); `confidence`, `opinions`. `server` is another engine, with `endpoint`,
`logprobs` and `spans`.
"""
