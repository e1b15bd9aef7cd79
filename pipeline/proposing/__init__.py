"""Facts that a model proposes from a release, and the judgement that accepts one only where the document itself bears it out."""
