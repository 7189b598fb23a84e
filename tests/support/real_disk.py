"""A separate disk with a real file system, for tests of power cuts."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest


class RealDisk:
    """An ext4 file system in a file of the host.

    Data that the kernel has not written yet is in its page cache and not in that file, so a copy of
    the file has the content of a disk whose power was cut at that moment.
    """

    def __init__(self, folder: Path) -> None:
        self._image, self.place = folder / "disk.img", folder / "disk"
        self.place.mkdir()
        program = shutil.which("mke2fs", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if os.geteuid() or program is None:
            pytest.skip("a disk needs root and mke2fs")
        with self._image.open("wb") as image:
            image.truncate(16 << 20)
        subprocess.run([program, "-q", "-t", "ext4", self._image], check=True)
        self._mount()

    def wait_for(self, *texts: bytes) -> None:
        """Wait until these bytes are on the disk, at any place."""
        until_s = time.monotonic() + 20
        while not all(text in self._image.read_bytes() for text in texts):
            assert time.monotonic() < until_s, "the bytes were not written to the disk"
            time.sleep(0.02)

    def cut_power(self) -> None:
        """Discard unwritten data, and mount the disk again at the same place."""
        after = self._image.with_suffix(".after")
        shutil.copyfile(self._image, after)
        self.close()
        self._image = after
        self._mount()

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", self.place], check=True)

    def _mount(self) -> None:
        command = ["mount", "-o", "loop,commit=600", self._image, self.place]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("mounting a disk is not allowed here")
