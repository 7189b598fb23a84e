"""Results as files: lines, tables, pictures, videos."""
