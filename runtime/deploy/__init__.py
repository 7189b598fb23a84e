"""From the workstation to devices: releases over the system's ssh, proven before they run."""
