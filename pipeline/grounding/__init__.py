"""Numbers in prose, checked against the facts."""
