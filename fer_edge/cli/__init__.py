"""The command line: a table of commands, and how options are declared."""
