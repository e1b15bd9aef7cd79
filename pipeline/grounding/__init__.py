"""Grounding: numbers in prose against facts. `check_text` decides each number of a text against a fact base."""

from __future__ import annotations

from pipeline.grounding.decide import Checker, check_text
from pipeline.grounding.report import NumberCheck, Report

__all__ = ["Checker", "NumberCheck", "Report", "check_text"]
