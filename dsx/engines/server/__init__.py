"""An engine for OpenAI-compatible servers."""
