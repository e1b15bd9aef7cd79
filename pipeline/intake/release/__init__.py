"""Earnings releases to fact sheets: statement tables, reconciliations, guidance and what management said. Rules only, offline."""

from pipeline.intake.release.ingesting import ingest

__all__ = ["ingest"]
