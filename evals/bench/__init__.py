"""Benchmarks: scripts, never tests."""
