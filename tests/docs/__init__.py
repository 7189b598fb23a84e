"""Tests of the documentation: blocks run, commands exist, generated parts are complete."""
