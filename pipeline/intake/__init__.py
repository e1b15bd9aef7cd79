"""Outside formats -> FactSheet: companyfacts, inline XBRL, press releases, spreadsheets, estimates. Nothing here calls a model."""
