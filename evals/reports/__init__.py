"""What a run came to, for each reader: a table for the terminal, Markdown for a job's summary, JUnit for a CI server, HTML for a person."""
