"""What the model is shown and asked: passages, prompts, and which parameters stand in one question."""
