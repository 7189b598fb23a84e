"""How do I notify a web service when an expression changes?

Run: python examples/send_to_http.py clip.mp4 http://127.0.0.1:8080/expressions
"""

import json
import sys
import urllib.request

from fer_edge import Recognizer, Result


def send(url: str, result: Result) -> None:
    """Post one result as JSON, as `fer-edge run` prints it."""
    data = json.dumps(result.to_dict()).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=5).close()


last: list[str] | None = None
with Recognizer() as recognizer:
    for result in recognizer.stream(sys.argv[1]):
        labels = [face.label for face in result]
        if labels != last:
            send(sys.argv[2], result)
            print(f"{result.frame.time_s:.2f} s: {labels}")
            last = labels
