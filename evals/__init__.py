"""The harness: real cases with their facts, and what measures drafts against them."""
