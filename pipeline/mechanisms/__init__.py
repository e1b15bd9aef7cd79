"""Known ways that a result travels: the library, and which of them a sheet's facts fire."""
