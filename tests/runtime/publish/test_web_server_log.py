import http.client
import logging
from contextlib import suppress

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from ...support.web_client import get, result, served


@pytest.mark.parametrize("path", ["/metrics", "/api/state", "/stream.mjpg"])
def test_an_error_in_an_answer_is_one_line_in_the_log(
    path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug\nwith two lines")

    app = "fer_edge.runtime.publish.web.app"
    monkeypatch.setattr(f"{app}.RunMetrics.answer", fail)
    monkeypatch.setattr(f"{app}.as_json", fail)
    monkeypatch.setattr(f"{app}.PictureFeed.newer", fail)
    with served() as page:
        page.write(result())
        with suppress(http.client.HTTPException, OSError):
            assert get(page, path)[0] == 500 or path == "/stream.mjpg"
        assert get(page, "/healthz")[0] == 200
    (record,) = caplog.records
    assert "web page: Exception in ASGI application (" in record.getMessage()
    assert "a bug with two lines" in record.getMessage()
    assert record.exc_info is None


def test_an_error_of_another_part_that_uses_asyncio_stays_as_it_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with served():
        logging.getLogger("asyncio").error("a task failed", exc_info=ValueError("theirs"))
    (record,) = caplog.records
    assert record.getMessage() == "a task failed"
    assert record.exc_info
