"""All errors that fer-edge raises deliberately.

    FerEdgeError
    ├── DatasetError       faces that cannot be read or do not match
    ├── ConfigError        a setting with a wrong name or value, or one its file rules out
    ├── RecipeError        a training recipe with a wrong key or value
    ├── TrainingError      a training run that cannot start, continue or be read
    ├── ModelError         a model file that is damaged, altered, or of another kind
    ├── SourceError        a picture, video or camera that cannot be read
    ├── DetectorError      a face detector with an unusable model file or result
    ├── OutputError        a place that cannot be written
    ├── DeployError        a device that cannot be reached, or a deployment that failed
    ├── ClusterError       a Ray cluster that does not answer or has other versions
    ├── ReportError        a benchmark report that cannot be read or compared
    ├── PluginError        a part with an unknown name, or a broken part of another package
    └── MissingExtraError  an optional part of fer-edge that is not installed

A message states in one line what failed, the actual and the expected value, and the next step. The
command line prints `fer-edge: error: ...` and exits with 1, or with 2 for a wrong configuration or
recipe, which a retry does not fix.
"""


class FerEdgeError(Exception):
    """Base class of all errors below; its text is one line without the passwords of addresses."""

    def __str__(self) -> str:
        from .shown import in_one_line, masked  # loaded for an error only

        return masked(in_one_line(super().__str__()))


class DatasetError(FerEdgeError):
    """Raised when faces cannot be read or do not match."""


class ConfigError(FerEdgeError):
    """Raised for a setting or an argument with a wrong name or value, or one its file rules out."""


class RecipeError(FerEdgeError):
    """Raised for a training recipe with a wrong key or value."""


class TrainingError(FerEdgeError):
    """Raised when a training run cannot start, continue or be read."""


class ModelError(FerEdgeError):
    """Raised for a model file that is damaged, altered, or of another kind."""


class SourceError(FerEdgeError):
    """Raised when a picture, video or camera cannot be read."""


class DetectorError(FerEdgeError):
    """Raised when the model file of a face detector, or what it returns, cannot be used."""


class OutputError(FerEdgeError):
    """Raised when a result cannot be written."""


class DeployError(FerEdgeError):
    """Raised when a device cannot be reached or a deployment fails."""


class ClusterError(FerEdgeError):
    """Raised when a Ray cluster does not answer, or has other versions of Python or Ray."""


class ReportError(FerEdgeError):
    """Raised when a benchmark report cannot be read, or two reports cannot be compared."""


class PluginError(FerEdgeError):
    """Raised when the name of a part is unknown, or a part of another package cannot be used."""


class MissingExtraError(FerEdgeError):
    """Raised when an optional part of fer-edge is needed but not installed."""
