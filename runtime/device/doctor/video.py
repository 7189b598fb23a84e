"""Check of the readers of videos, streams and cameras, and of OpenCV windows."""

import re

from .finding import Finding

_CODECS = ("h264", "hevc", "mpeg4", "mjpeg", "vp9", "av1")
"""Most common codecs of files, phones and network cameras."""


def examine_pyav() -> list[Finding]:
    """Check PyAV, which includes the FFmpeg that reads videos and streams."""
    import av

    versions = av.library_versions
    numbers = ".".join(str(number) for number in versions.get("libavcodec", ()))
    text = f"PyAV {av.__version__}, libavcodec {numbers or 'of unknown version'}"
    missing = [name for name in _CODECS if not _can_decode(name)]
    if missing:
        return [
            Finding(
                "video",
                "warning",
                f"{text}, without a decoder for {', '.join(missing)}",
                "pip install --force-reinstall av; its wheel contains all decoders",
            )
        ]
    return [Finding("video", "ok", f"{text}, reads {', '.join(_CODECS)} and others")]


def _can_decode(name: str) -> bool:
    from av.codec.codec import Codec, UnknownCodecError

    try:
        Codec(name, "r")
    except UnknownCodecError:
        return False
    return True


def examine_opencv() -> list[Finding]:
    """Check OpenCV's camera backends and its windows."""
    import cv2

    findings = []
    version = cv2.__version__
    backends = _backends()
    text = f"{version}, reads cameras with {', '.join(backends) or 'nothing'}"
    if not backends:
        advice = "on Linux: pip install --force-reinstall opencv-python-headless"
        findings.append(Finding("opencv", "note", f"{text}: no USB cameras (V4L2)", advice))
    else:
        findings.append(Finding("opencv", "ok", text))
    window = re.search(r"^\s*GUI:\s*(.*?)\s*$", cv2.getBuildInformation(), re.MULTILINE)
    name = window[1] if window else ""
    can_show = bool(name) and name != "NONE"
    told = f"--show opens a window ({name})" if can_show else "none in this OpenCV; use --web"
    findings.append(Finding("window", "ok", told))
    return findings


def _backends() -> list[str]:
    import cv2

    registry = cv2.videoio_registry
    # a known plug-in that is not installed is listed, too
    return [
        registry.getBackendName(backend)
        for backend in registry.getCameraBackends()
        if registry.hasBackend(backend)
        and registry.getBackendName(backend) in ("V4L2", "GSTREAMER", "AVFOUNDATION")
    ]
