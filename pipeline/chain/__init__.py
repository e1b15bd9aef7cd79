"""One note: steps in order, conversation, checks, repair, run record."""
