"""The disk of a virtual machine: Debian 13 with systemd, cameras of the kernel, and this checkout.

`python -m tests.device.image FOLDER` builds it and reuses the parts that exist already. It requires
root (chroot) and these Debian packages:

    mmdebstrap e2fsprogs openssh-client qemu-system-x86 seabios ipxe-qemu

There are two cameras: vivid, the kernel's test driver, can lose its device or stream on command;
v4l2loopback shows a face.
"""

import hashlib
import shutil
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np

from fer_edge.pictures.sample_photo import sample_photo
from tests.arm64.userland import remove_root
from tests.support.device_wheels import gather_wheels, run_or_raise

DEBIAN = "trixie"
"""Debian release that Raspberry Pi OS has been based on since October 2025."""
PYTHON_VERSION = "3.13"
HOSTNAME = "ferbox"
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "udev", "kmod", "libpam-systemd"),
    *("python3", "python3-venv", "linux-image-amd64", "initramfs-tools", "zstd", "e2fsprogs"),
    *("v4l-utils", "v4l2loopback-dkms", "linux-headers-amd64", "gcc", "make", "dkms"),
    *("iproute2", "procps", "sudo", "openssh-server", "ca-certificates", "curl"),
    *("mosquitto", "mosquitto-clients"),
)
EXTRAS = "[web,mqtt]"
"""Extras of fer-edge that are installed."""
_BEFORE = """
mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"
echo MODULES=list > "$1/etc/initramfs-tools/conf.d/box"
printf 'virtio_pci\\nvirtio_blk\\next4\\n' > "$1/usr/share/initramfs-tools/modules.d/box"
"""
"""Limits the initial RAM disk to the modules of this machine; each start loads and unpacks it."""
PROGRAMS = ("mmdebstrap", "mke2fs", "ssh-keygen", "ssh", "qemu-system-x86_64")
DISK_GB = 4
FACE_SIZE = (640, 360)
FACE_RATE_HZ = 10

_HERE = Path(__file__).resolve().parent
_PLACES = (("root", "/opt/fer-edge"), ("pi", "/home/pi/fer-edge"))
"""Owner and folder of the two installations: one that every user may read, one in a home folder."""
_SETUP = r"""
set -e
useradd -m -s /bin/bash -u 1000 -G video,sudo,systemd-journal pi
useradd -m -s /bin/bash -u 1001 guest
echo 'pi ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/pi
for home in /root /home/pi /home/guest; do
    mkdir -p -m 700 $home/.ssh
    cp /etc/box.pub $home/.ssh/authorized_keys
done
chown -R pi:pi /home/pi/.ssh; chown -R guest:guest /home/guest/.ssh
echo '/dev/vda / ext4 errors=remount-ro 0 1' > /etc/fstab
printf '[Match]\nName=eth*\n[Network]\nDHCP=yes\n' > /etc/systemd/network/10-dhcp.network
mkdir -p /var/log/journal                       # the folder makes the journal persistent
rm -f /etc/machine-id; systemd-machine-id-setup
echo vivid > /etc/modules-load.d/vivid.conf
# its picture only: no output, no radio and no teletext
echo 'options vivid node_types=0x1' > /etc/modprobe.d/vivid.conf
systemctl enable systemd-networkd ssh
systemctl disable mosquitto
# what takes time at each start, and what a machine with a new file system does once
systemctl mask apt-daily.timer apt-daily-upgrade.timer e2scrub_reap dpkg-db-backup.timer \
    fstrim.timer systemd-networkd-wait-online ldconfig systemd-journal-catalog-update \
    systemd-hwdb-update systemd-binfmt serial-getty@ttyS0 getty@tty1 systemd-sysext.socket
"""


def missing_programs() -> list[str]:
    """Return the names of required programs that are not installed."""
    places = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
    return [name for name in PROGRAMS if shutil.which(name, path=places) is None]


def build(folder: Path) -> Path:
    """Build the disk, or update this checkout on it; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    root, disk = folder / "root", folder / "disk.img"
    if not (folder / "key").exists():
        run_or_raise(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")])
    recipe = hashlib.sha256(f"{_BEFORE} {_SETUP} {PACKAGES}".encode()).hexdigest()[:12]
    ready = folder / f"{DEBIAN}-{recipe}"
    if not ready.exists():
        disk.unlink(missing_ok=True)
        _make_debian(root)
        _set_up(root, folder / "key.pub")
        ready.touch()
    if _install(root) or not disk.exists():
        disk.unlink(missing_ok=True)
        with disk.open("wb") as file:
            file.truncate(DISK_GB << 30)
        run_or_raise(["mke2fs", "-q", "-t", "ext4", "-d", str(root), str(disk)])
        for name in ("vmlinuz", "initrd.img"):
            shutil.copy(next((root / "boot").glob(f"{name}-*")), folder / name)
    return folder


def mirror() -> str:
    """Return the address of the Debian mirror that apt uses on this machine."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
    filters = ["Created-By: Packages", "Origin: Debian", "Component: main"]
    return run_or_raise([*command, *filters]).splitlines()[0]


def _make_debian(root: Path) -> None:
    remove_root(root)
    command = ["mmdebstrap", "--quiet", "--variant=minbase", "--mode=root"]
    command += [f"--include={','.join(PACKAGES)}"]
    command += [f"--essential-hook={_BEFORE}"]
    command += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale")]
    run_or_raise([*command, DEBIAN, str(root), f"deb {mirror()} {DEBIAN} main"])


def _set_up(root: Path, key: Path) -> None:
    shutil.copy(key, root / "etc" / "box.pub")
    (root / "etc" / "hostname").write_text(f"{HOSTNAME}\n")
    (root / "etc" / "hosts").write_text(f"127.0.0.1 localhost {HOSTNAME}\n")
    _add_face(root)
    run_or_raise(["chroot", str(root), "bash", "-c", _SETUP])


def _add_face(root: Path) -> None:
    """Add the loopback camera, and the service that feeds it."""
    module = "options v4l2loopback video_nr=10 card_label=LoopCam exclusive_caps=1\n"
    (root / "etc" / "modprobe.d" / "v4l2loopback.conf").write_text(module)
    media = root / "opt" / "media"
    media.mkdir(parents=True, exist_ok=True)
    (media / "face.yuyv").write_bytes(_face())
    shutil.copy(_HERE / "camera_feed.py", media)
    unit = root / "etc" / "systemd" / "system" / "camera-feed.service"
    unit.write_text(
        "[Unit]\nDescription=A face in the loopback camera\n[Service]\n"
        "ExecStartPre=/sbin/modprobe v4l2loopback\n"
        f"ExecStart=/usr/bin/python3 /opt/media/camera_feed.py /dev/video10 /opt/media/face.yuyv"
        f" {FACE_SIZE[0]} {FACE_SIZE[1]} {FACE_RATE_HZ}\n"
        "Restart=always\n[Install]\nWantedBy=multi-user.target\n"
    )
    run_or_raise(["chroot", str(root), "systemctl", "enable", "camera-feed"])


def _face() -> bytes:
    """Return two seconds of YUYV frames in which the sample photograph moves left and right."""
    width, height = FACE_SIZE
    photo = cv2.resize(cv2.imread(str(sample_photo())), (height * 5 // 6, height))
    frames = []
    for number in range(2 * FACE_RATE_HZ):
        frame = np.full((height, width, 3), 90, np.uint8)
        left = 120 + 2 * abs(number - FACE_RATE_HZ)  # slow enough for the tracker
        frame[:, left : left + photo.shape[1]] = photo
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_YUY2).tobytes())
    return b"".join(frames)


def _install(root: Path) -> bool:
    """Install this checkout if it differs from the installed one; return whether it differed."""
    wheels = root.parent / "wheels"
    wheel = gather_wheels(wheels, machine="x86_64", python=PYTHON_VERSION, extras=EXTRAS)
    note = root / "etc" / "fer-edge-wheel"
    if note.exists() and note.read_text() == _digest(wheel):
        return False
    shutil.copytree(wheels, root / "wheels")
    for user, place in _PLACES:
        script = (
            f"test -x {place}/bin/pip || python3 -m venv {place}; "
            f"{place}/bin/pip uninstall -q -y fer-edge; {place}/bin/pip install -q --no-index "
            f"--find-links /wheels 'fer-edge{EXTRAS}'"
        )
        run_or_raise(["chroot", str(root), "su", user, "-c", script])
    shutil.rmtree(root / "wheels")
    note.write_text(_digest(wheel))
    return True


def _digest(wheel: Path) -> str:
    """Return a digest of a wheel's contents; its own bytes contain the time of the build."""
    with zipfile.ZipFile(wheel) as archive:
        contents = sorted((item.filename, item.CRC) for item in archive.infolist())
    return hashlib.sha256(repr(contents).encode()).hexdigest()


if __name__ == "__main__":
    build(Path(sys.argv[1]).resolve())
