"""Deployment from a workstation to devices, over ssh: releases are tested before they run."""
