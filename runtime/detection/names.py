"""The detectors by name, for configurations: nothing is loaded."""

from typing import Literal

DetectorName = Literal["yunet", "haar", "blazeface", "none"]
