"""The command line: the table of commands and the declaration of options."""
