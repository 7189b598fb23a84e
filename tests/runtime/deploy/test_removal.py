"""Removal of a deployment. A separate file, since it removes the releases of the shared device."""

from tests.support.ssh_device import SshDevice

from .conftest import deploy_with


def test_remove_leaves_what_the_service_wrote(device: SshDevice) -> None:
    (device.base / "faces.jsonl").touch()
    done = deploy_with(device, "device", "--remove")
    assert done.exit_code == 0, done.stderr
    left = {path.name for path in device.base.iterdir()}
    assert "faces.jsonl" in left
    assert left <= {"faces.jsonl", "lines"}  # test_deploy.py may have used the same device
    assert "not-found" in device.systemctl("show", "fer-edge", "-p", "LoadState").stdout
    (device.base / "faces.jsonl").unlink()
