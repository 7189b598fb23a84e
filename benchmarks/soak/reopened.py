"""`fer-edge` that reopens lost streams after half a second instead of up to 30 s.

python -m benchmarks.soak.reopened run --input ...
"""

from fer_edge.cli.main import main
from fer_edge.runtime.capture import live

_RETRY_S = 0.5

if __name__ == "__main__":
    live.FIRST_RETRY_S = live.LAST_RETRY_S = _RETRY_S
    main(prog_name="fer-edge")
