from typing import Any

import pytest

from fer_edge.errors import ConfigError
from fer_edge.training.data.import_options import ImportOptions


@pytest.mark.parametrize(
    "options",
    [
        {"size_px": 4},
        {"size_px": "48"},
        {"validation_share": 1},
        {"seed": -1},
        {"limit_px": 0},
        {"classes": "all"},
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"'{next(iter(options))}' is "):
        ImportOptions(**options)
