"""The `transformers` engine: a model in this process, one prefill a text, every answer under its own grammar."""
