"""Every error that fer-edge raises on purpose.

    FerEdgeError
    ├── DatasetError       faces that cannot be read, or do not fit together
    ├── ConfigError        a configuration of a run with a wrong key or value
    ├── RecipeError        a training recipe with a wrong key or value
    ├── TrainingError      a training run that cannot start, go on or be read
    ├── ModelError         a model file that is broken, altered, or not what it says
    ├── SourceError        a picture, video or camera that cannot be read
    ├── DetectorError      a face detector whose model file is missing or unusable
    ├── OutputError        a place that cannot be written
    ├── DeployError        a device that cannot be reached, or does not take a release
    ├── ClusterError       a Ray cluster that does not answer, or not with the same versions
    ├── ReportError        a benchmark report that cannot be read, or not compared
    ├── PluginError        a part of a name that does not exist, or another package's that is broken
    └── MissingExtraError  an optional part of fer-edge that is not installed

A message says what, what was got, what was expected, and what to do next, in one line. The command
line prints it as `fer-edge: error: ...` and exits with 1; with 2 for a configuration, which no
second try mends.
"""


class FerEdgeError(Exception):
    """The base of all errors below; catch it to catch them all."""


class DatasetError(FerEdgeError):
    """Raised when faces cannot be read, or do not fit together."""


class ConfigError(FerEdgeError):
    """Raised for a configuration of a run with a wrong key or value."""


class RecipeError(FerEdgeError):
    """Raised for a training recipe with a wrong key or value."""


class TrainingError(FerEdgeError):
    """Raised when a training run cannot start, go on or be read."""


class ModelError(FerEdgeError):
    """Raised for a model file that is broken, altered, or not what it says it is."""


class SourceError(FerEdgeError):
    """Raised when a picture, video or camera cannot be read."""


class DetectorError(FerEdgeError):
    """Raised when a face detector's model file is missing or unusable."""


class OutputError(FerEdgeError):
    """Raised when a result cannot be written."""


class DeployError(FerEdgeError):
    """Raised when a device cannot be reached, or does not take a release."""


class ClusterError(FerEdgeError):
    """Raised when a Ray cluster does not answer, or has other versions of Python or Ray."""


class ReportError(FerEdgeError):
    """Raised when a benchmark report cannot be read, or two cannot be compared."""


class PluginError(FerEdgeError):
    """Raised when a part of a name does not exist, or another package's cannot be used."""


class MissingExtraError(FerEdgeError):
    """Raised when an optional part of fer-edge is asked for and not installed."""
