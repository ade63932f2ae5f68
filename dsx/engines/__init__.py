"""Engines: questions in, completions out.

local    a model in this process: every answer under its own grammar, one prefill a text
server   any OpenAI-compatible endpoint
chat     chat messages to tokens, for engines that render prompts themselves
options  what `--set KEY=VALUE` may say to an engine
budget   how much memory an engine may take
"""
