"""What a model's server answered, kept and played back over HTTP, so that nothing needs a model twice."""
