"""All faults."""

from tests.faults.deploy_faults import DEPLOY_FAULTS
from tests.faults.live_faults import LIVE_FAULTS
from tests.faults.part_faults import PART_FAULTS
from tests.faults.work_faults import WORK_FAULTS

FAULTS = (*LIVE_FAULTS, *PART_FAULTS, *WORK_FAULTS, *DEPLOY_FAULTS)
