"""Hand a model to tflite-micro with an arena of a given size: a process of its own.

    python -m fer_edge.converters.devices.arena_probe ARENA_BYTES < model.tflite

tflite-micro is made for devices where a wrong size is a bug of the firmware: with an arena that is
too small it may end the process. Exit code 0: it fits, and standard error has tflite-micro's own
account of the arena. Any other: it does not, and standard error has the reason.
"""

import sys


def main() -> None:
    """Read the model from standard input and allocate its tensors."""
    from tflite_micro import runtime

    flatbuffer = sys.stdin.buffer.read()
    try:
        interpreter = runtime.Interpreter.from_bytes(flatbuffer, arena_size=int(sys.argv[1]))
    except RuntimeError as error:
        sys.exit(str(error))
    interpreter.print_allocations()


if __name__ == "__main__":
    main()
