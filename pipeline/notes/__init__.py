"""The note: its models and how it is rendered."""
