"""Grounding: numbers in prose against facts.

`check_text` decides each number of a text against a fact base, `check_document` each number of a file.
"""

from __future__ import annotations

from pipeline.grounding.decide import Checker, check_text
from pipeline.grounding.documents import DocumentReport, Passage, check_document
from pipeline.grounding.report import NumberCheck, Report

__all__ = ["Checker", "DocumentReport", "NumberCheck", "Passage", "Report", "check_document", "check_text"]
