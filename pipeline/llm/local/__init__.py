"""A model on this machine: which there are, how their files come here, and the server that runs one."""
