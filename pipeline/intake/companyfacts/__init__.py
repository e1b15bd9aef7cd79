"""SEC companyfacts documents (https://data.sec.gov/api/xbrl/companyfacts/) to fact sheets.

Such a document holds each figure that a company ever tagged, with its dates and the filing that gave it, and no notes, segments,
guidance or consensus. `rows` takes it apart, `calendar` finds fiscal periods and their own reports, `book` says what was known when,
`building` makes a sheet, `explaining` and `doubts` say what a person should know of it.
"""

from pipeline.intake.companyfacts.ingesting import ingest

__all__ = ["ingest"]
