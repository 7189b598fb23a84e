"""What this OpenCV can read, and whether it can open a window."""

import re

from .finding import Finding


def examine_opencv() -> list[Finding]:
    """Look at OpenCV's video backends and its windows."""
    import cv2

    findings = []
    version = cv2.__version__
    if not hasattr(cv2, "FaceDetectorYN"):
        return [
            Finding(
                "opencv",
                "problem",
                f"{version} has no FaceDetectorYN, which finds the faces",
                "pip install 'opencv-python-headless>=4.8,<5'",
            )
        ]
    backends = _backends()
    text = f"{version}, reads video by {', '.join(backends) or 'nothing'}"
    if "FFMPEG" not in backends and "GSTREAMER" not in backends:
        advice = "pip install --force-reinstall opencv-python-headless"
        findings.append(Finding("opencv", "warning", f"{text}: no video files, no streams", advice))
    elif "V4L2" not in backends and "GSTREAMER" not in backends:
        advice = "on Linux: pip install --force-reinstall opencv-python-headless"
        findings.append(Finding("opencv", "note", f"{text}: no cameras (V4L2)", advice))
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
    known = dict.fromkeys((*registry.getCameraBackends(), *registry.getStreamBackends()))
    # a plug-in that is known and not installed is listed, too
    return [
        registry.getBackendName(backend)
        for backend in known
        if registry.hasBackend(backend)
        and registry.getBackendName(backend) in ("V4L2", "FFMPEG", "GSTREAMER", "AVFOUNDATION")
    ]
