"""Afterprint: earnings notes, drafted after the print, that an editor can sign."""

__version__ = "0.1.0"
