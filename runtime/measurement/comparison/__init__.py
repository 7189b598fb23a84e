"""Comparison of reports: changes, and limits that fail a build."""
