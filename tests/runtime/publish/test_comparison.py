import io
import time

from fer_edge.runtime.publish.comparison import ComparisonReports

from ...support.results import make_result


def test_a_line_is_told_each_time_that_it_is_due() -> None:
    stream, told = io.StringIO(), iter(["98 of 100\nlatency", None, "99 of 100"])
    sink = ComparisonReports(stream, lambda: next(told), every_s=0.02)
    sink.write(make_result())
    for _ in range(3):
        time.sleep(0.03)
        sink.write(make_result())
        sink.write(make_result())
    sink.close(complete=True)
    assert stream.getvalue().splitlines() == [
        "fer-edge: 98 of 100; latency",
        "fer-edge: 99 of 100",
    ]
