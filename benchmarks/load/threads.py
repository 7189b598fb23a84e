"""Read cameras in one process until SIGTERM: `... -m benchmarks.load.threads FOLDER ADDRESS...`."""

import sys
import threading
from functools import partial
from pathlib import Path

from fer_edge.aligner.aligner import open_aligner
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import DEFAULT_MODEL, find_model
from fer_edge.runtime.capture.frame import SourceSettings
from fer_edge.runtime.capture.stream import open_stream
from fer_edge.runtime.detection.opening import open_detector
from fer_edge.runtime.publish.files.json_lines import JsonLines
from fer_edge.runtime.publish.pipeline import run_to_end
from fer_edge.runtime.recognition.follower import LIVE_PACE, Follower
from fer_edge.runtime.tracking.flow_tracker import open_tracker


def _read(address: str, path: Path) -> None:
    source = open_stream(address, SourceSettings())
    model, tracker = open_model(find_model(DEFAULT_MODEL)), open_tracker(open_detector("yunet"))
    with (
        path.open("w", encoding="utf-8", buffering=1) as lines,
        Follower(model, tracker, aligner=open_aligner(), pace=LIVE_PACE) as follower,
    ):
        run_to_end(source, follower, [partial(JsonLines, lines)])


def main() -> None:
    """Read all cameras until the process is ended."""
    folder, addresses = Path(sys.argv[1]), sys.argv[2:]
    threads = [
        threading.Thread(target=_read, args=(address, folder / f"thread-{number}.jsonl"))
        for number, address in enumerate(addresses)
    ]
    for thread in threads:
        thread.daemon = True
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
