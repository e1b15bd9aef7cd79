"""A model as judge of two drafts of a section. Advisory: it may not decide a gate before it agrees with labelled pairs (`calibration`)."""
