"""Cases recorded from a model's server, replayed without it, and checked: a case's facts and its cassettes."""
