"""All faults."""

from tests.faults.live_faults import LIVE_FAULTS
from tests.faults.part_faults import PART_FAULTS

FAULTS = (*LIVE_FAULTS, *PART_FAULTS)
