"""Run a model in tflite-micro with an arena of a given size, in a separate process.

    python -m fer_edge.converters.devices.arena_probe ARENA_BYTES < model.tflite

tflite-micro is made for devices where a wrong size is a firmware bug: if the arena is too small, it
may end the process. Exit code 0: the model fits, and tflite-micro's report of the arena is on
standard error. Otherwise it does not fit, and the reason is on standard error.
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
