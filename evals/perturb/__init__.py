"""The harness's own test: reference notes spoiled in known ways, which must score worse, and reworded, which must not."""
