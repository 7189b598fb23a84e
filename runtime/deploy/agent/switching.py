"""The switch to a release: change of one link, health check, and rollback."""

from __future__ import annotations

import json
from typing import Any

from .service import Service
from .store import Store, write_whole


class Switching:
    """Switches releases; a disconnected workstation does not interrupt it."""

    def __init__(self, store: Store, service: Service) -> None:
        self._store, self._service = store, service

    def switch(self, number: int, way: str) -> dict[str, Any]:
        """Activate a release, and roll back if it is not healthy.

        Args:
            number: Number of the release.
            way: "restart" or "reload" the service; "link" without a service.

        Returns:
            The error or an empty text; the number of the current release; how it was activated;
            the error of a reload that became a restart; and after an error, the error of the
            earlier release, if it does not start either.
        """
        note = {"before": self._store.number(), "number": number, "way": way}
        write_whole(self._store.switch_file, json.dumps(note))
        self._store.switch(number)
        return self._prove(note)

    def settle(self) -> dict[str, Any] | None:
        """Confirm a switch that a deployment or the device did not survive, or roll it back."""
        note = self._store.open_switch()
        if note is None:
            return None
        if self._store.number() != note["number"]:
            return self._settle_back(note)
        if not self._service.manager():
            self._store.switch_file.unlink()
            return None
        way = "restart" if note["way"] != "link" else "link"
        return {**note, **self._prove({**note, "way": way})}

    def _settle_back(self, note: dict[str, Any]) -> dict[str, Any] | None:
        """Settle a switch whose release is not current: not switched yet, or already taken back."""
        before, settled = note["before"], None
        if _is_new(note):
            # the service may have stopped between the switch back and its start
            again = self._take_back(before) if self._service.manager() else ""
            ended = {"wrong": "it was interrupted", "number": before, "tried": "", "again": again}
            settled = {**note, **ended}
        self._remove_new(note)
        self._store.switch_file.unlink()
        return settled

    def _prove(self, note: dict[str, Any]) -> dict[str, Any]:
        way, before, number = note["way"], note["before"], note["number"]
        wrong = tried = again = ""
        if way == "reload":
            tried = self._service.reload()
        if way == "restart" or tried:
            way = "restart"
            wrong = self._service.restart()
        if wrong:
            again = self._take_back(before)
            self._remove_new(note)
        self._store.switch_file.unlink()
        runs = before if wrong else number
        return {"wrong": wrong, "number": runs, "way": way, "tried": tried, "again": again}

    def _take_back(self, before: int | None) -> str:
        self._store.switch(before)
        if self._store.has_service(before):
            return self._service.restart()
        self._service.unlink()
        return ""

    def _remove_new(self, note: dict[str, Any]) -> None:
        """Remove the release of a failed deployment; a rollback goes to an older one, it stays."""
        if _is_new(note):
            self._store.remove_release(note["number"])


def _is_new(note: dict[str, Any]) -> bool:
    return bool(note["number"] > (note["before"] or 0))
