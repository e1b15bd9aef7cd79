"""Who writes a step's answer: a model behind an OpenAI-compatible server, or rules."""
