"""Decode: questions in, grammar-bound completions out, one prefill a text.

grammar     the llguidance grammar of a question: types, units, verbatim quotes
models      where a model's files are; the embedded one
rendering   chat messages to a prefix that is shared and a suffix that is a question's own
attention   rows attend to one shared prefix and to their own short tails
cache       the keys and values of prefixes (kept, by a byte budget) and of rows
loop        many rows, each with its own grammar and end, a step at a time
confidence  from the logits of the value under the grammar
engine      the `transformers` engine: all of the above behind `Engine`
"""
