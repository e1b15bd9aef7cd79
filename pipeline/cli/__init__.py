"""The command line: one file per command; arguments, wiring and exit codes only."""
