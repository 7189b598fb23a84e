"""Assertion for commands that fail."""

from click.testing import Result


def assert_one_clear_line(result: Result, *words: str) -> None:
    """Assert that a command failed with a single line on stderr that contains the words."""
    assert result.exit_code != 0, result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("fer-edge: error: "), lines[0]
    for word in words:
        assert word in lines[0], lines[0]
