"""Two notes side by side: what each tells, which claim answers which, and what differs."""
