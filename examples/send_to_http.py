"""How do I tell a web service whenever the expression changes?

Run: python examples/send_to_http.py clip.mp4 http://127.0.0.1:8080/expressions
"""

import json
import sys
import urllib.request

from fer_edge.runtime import read_source


def send(url: str, record: dict[str, object]) -> None:
    """Post one record as JSON."""
    data = json.dumps(record).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=5).close()


last: list[str] | None = None
for result in read_source(sys.argv[1]):
    labels = [face.label for face in result.faces]
    if labels != last:
        send(sys.argv[2], {"time_s": result.frame.time_s, "faces": labels})
        print(f"{result.frame.time_s:.2f} s: {labels}")
        last = labels
