"""Situations of devices, as the first step of a deployment would report them."""

from dataclasses import replace

from fer_edge.model.bundled import find_model
from fer_edge.runtime.deploy.delivery import Configuration, Delivery, Model, read_named_model
from fer_edge.runtime.deploy.own_wheel import OwnWheel
from fer_edge.runtime.deploy.situation import (
    Facts,
    Health,
    Limits,
    Python,
    Release,
    Situation,
)

PYTHON = Python("/usr/bin/python3", "3.11.2", True, True)
FACTS = Facts(
    machine="aarch64",
    system="Debian GNU/Linux 12 (bookworm)",
    board="Raspberry Pi 5 Model B Rev 1.0",
    glibc="2.36",
    pythons=(PYTHON,),
    free_disk_mb=20_000,
    memory_mb=8000,
    free_memory_mb=7000,
    cameras=("/dev/video0",),
    edge_tpu="",
    user="pi",
    is_system=False,
    manager="user",
    lingers=True,
    base="/home/pi/.local/share/fer-edge",
)
EMPTY = Situation(FACTS, "", "", None, (), None, Health(False, "", "", 0, 0))
WHEEL = OwnWheel("0.1.0", (("fer_edge/__init__.py", b""),))
CONFIG = Configuration(b"[source]\ncamera = 0\n", {}, "")


def delivery(
    model: str | None = None, config: Configuration | None = None, *, alone: bool = False
) -> Delivery:
    named: Model | None = None if model is None else read_named_model(str(find_model(model)))
    return Delivery(WHEEL, named, config, alone)


def deployed(environment: str, model: str = "compact") -> Situation:
    """Return the situation of a device on which release 4 runs CONFIG as a service."""
    release = Release(
        number=4,
        made="2026-11-25T12:00:00Z",
        by="anna@desk",
        fer_edge="0.1.0",
        environment=environment,
        python=PYTHON.path,
        system_site=False,
        model=read_named_model(model).note,
        config=CONFIG.digest,
        delegate="",
        limits=Limits(),
        has_service=True,
    )
    well = Health(True, "active", "9.8 frames/s", 0, 17)
    return replace(EMPTY, current=4, releases=(release,), service=well)
