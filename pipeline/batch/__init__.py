"""Many notes: the journal, limits and budget, and who carries the requests out."""
