"""Layers of a run that lose accuracy in int8, the causes, and the layer that should stay float.

Prints the layer report of the int8 file of `fer-edge convert`, its advice, and with `--gains` the
effect on the output of keeping each layer float.

    python -m benchmarks.layers --run runs/best --data faces.npz --png layers.png --gains
"""

from pathlib import Path

import click

from fer_edge.converters.analysis.advice import format_advice
from fer_edge.converters.analysis.layer_plot import plot_layers
from fer_edge.converters.analysis.layer_report import format_layers, layer_report
from fer_edge.converters.quantization.calibration import choose_calibration
from fer_edge.converters.quantization.tflite import to_float32, to_int8
from fer_edge.converters.sources.keras_models import load_float_network
from fer_edge.faces.faceset import load_faceset
from fer_edge.faces.preprocess import model_inputs
from fer_edge.runfolder import load_info

from .command import PATH, Benchmark, data_option
from .sensitivity import format_gains, measure_gains


@click.command(cls=Benchmark)
@click.option("--run", type=PATH, required=True, help="A finished run folder.")
@data_option
@click.option(
    "--faces", "count", default=128, show_default=True, help="Number of validation faces."
)
@click.option("--png", type=PATH, help="Also draw the report to this file.")
@click.option("--gains", is_flag=True, help="Also measure the gain of keeping each layer float.")
def main(run: Path, data: Path, count: int, png: Path | None, gains: bool) -> None:
    """Print the report and the advice."""
    faces, size_px = load_faceset(data), load_info(run).size_px
    inputs = model_inputs(faces.part("validation").images[:count], size_px, size_px)
    calibration, _ = choose_calibration(
        faces.part("train"), count=512, seed=0, height=size_px, width=size_px
    )
    network = load_float_network(run)
    floating = to_float32(network)
    report = layer_report(floating, to_int8(network, calibration), inputs)
    print(format_layers(report))
    print(format_advice(report))
    if png:
        plot_layers(report, png, title=f"{run.name}, int8")
    if gains:
        print(format_gains(measure_gains(floating, calibration, inputs)))


if __name__ == "__main__":
    main()
