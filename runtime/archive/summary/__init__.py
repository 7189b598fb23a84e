"""`fer-edge archive summarize`: tables and a page of what an archive shows."""
