"""Deployment with real wheels: pip collects them here and installs them on the device."""

import json
import subprocess

from tests.support.ssh_device import SshDevice

from .conftest import deploy_with


def test_a_device_without_internet_gets_everything_from_here(bare_device: SshDevice) -> None:
    done = deploy_with(bare_device, "device", "--offline", "--json")
    assert done.exit_code == 0, done.output
    (outcome,) = json.loads(done.stdout)
    assert (outcome["state"], outcome["release"]) == ("deployed", 1)
    assert outcome["largest_gap"] < 0.05
    python = bare_device.base / "current" / "env" / "bin" / "python"
    code = "import cv2, numpy, av, ai_edge_litert; print(cv2.__file__)"
    said = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.startswith(str(bare_device.base / "current" / "env"))
    again = deploy_with(bare_device, "device", "--offline", "--json")
    assert json.loads(again.stdout)[0]["state"] == "unchanged"
