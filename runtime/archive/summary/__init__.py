"""`fer-edge archive summarize`: tables and a page about the results of an archive."""
