"""Facts: what was reported, guided, expected and quoted, and what follows from it by arithmetic alone."""
