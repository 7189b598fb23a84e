"""Order of deployments to a fleet, and the fleet file."""

import _thread
import threading
from pathlib import Path

import pytest

from fer_edge.errors import ConfigError
from fer_edge.runtime.deploy.fleet import Pace, Target, deploy_fleet
from fer_edge.runtime.deploy.fleet_file import choose_hosts, read_fleet
from fer_edge.runtime.deploy.outcome import Outcome, State, exit_code, table

from .situations import delivery

FLEET = """
model = "tiny"
config = "door.toml"

[hosts.door]
address = "pi@door.local"
groups = ["office", "ground"]

[hosts.kitchen]
config = "kitchen.toml"
groups = ["office"]

[hosts.gate]
model = "models/gate.tflite"
system = true
"""


class Devices:
    """Stand-in for the devices of a fleet; it records the order of deployments."""

    def __init__(self, *bad: str) -> None:
        self.bad = bad
        self.asked: list[str] = []
        self.unwell = ""

    def deploy(self, target: Target) -> Outcome:
        self.asked.append(target.name)
        state: State = "failed" if target.name in self.bad else "deployed"
        return Outcome(target.name, state, 1, 0.1, "")

    def run(self, pace: Pace, count: int = 4) -> list[Outcome]:
        targets = [Target(f"pi{n}", f"pi{n}", delivery()) for n in range(count)]
        return deploy_fleet(targets, pace, self.deploy, lambda target: self.unwell, lambda *_: None)


def states(outcomes: list[Outcome]) -> list[str]:
    return [outcome.state for outcome in outcomes]


def test_all_hosts_are_deployed_to_in_their_order() -> None:
    devices = Devices()
    outcomes = devices.run(Pace(parallel=2))
    assert [outcome.host for outcome in outcomes] == ["pi0", "pi1", "pi2", "pi3"]
    assert exit_code(outcomes) == 0


def test_the_first_failure_stops_the_others() -> None:
    outcomes = Devices("pi1").run(Pace(parallel=1))
    assert states(outcomes) == ["deployed", "failed", "skipped", "skipped"]
    assert exit_code(outcomes) == 1


def test_keep_going_goes_on() -> None:
    outcomes = Devices("pi1").run(Pace(parallel=1, goes_on=True))
    assert states(outcomes) == ["deployed", "failed", "deployed", "deployed"]


def test_a_bad_canary_keeps_the_others_as_they_are() -> None:
    devices = Devices("pi0")
    outcomes = devices.run(Pace(canary=1, soak_s=0.01))
    assert devices.asked == ["pi0"]
    assert states(outcomes) == ["failed", "skipped", "skipped", "skipped"]


def test_a_canary_that_falls_ill_while_it_is_watched_keeps_the_others_as_they_are() -> None:
    devices = Devices()
    devices.unwell = "its service was restarted 3 times"
    outcomes = devices.run(Pace(canary=1, soak_s=0.01))
    assert devices.asked == ["pi0"]
    assert "its service was restarted 3 times" in outcomes[0].text
    assert states(outcomes) == ["failed", "skipped", "skipped", "skipped"]


def test_a_canary_that_was_up_to_date_is_not_watched_for_old_restarts() -> None:
    watched = []

    def deploy(target: Target) -> Outcome:
        return Outcome(target.name, "unchanged" if target.name == "pi0" else "deployed", 1, 0, "")

    def watch(target: Target) -> str:
        watched.append(target.name)
        return ""

    targets = [Target(f"pi{n}", f"pi{n}", delivery()) for n in range(3)]
    outcomes = deploy_fleet(targets, Pace(canary=2, soak_s=0.01), deploy, watch, lambda *_: None)
    assert set(watched) == {"pi1"}
    assert states(outcomes) == ["unchanged", "deployed", "deployed"]


def test_the_others_follow_a_canary_that_stays_well() -> None:
    outcomes = Devices().run(Pace(canary=1, soak_s=0.01))
    assert states(outcomes) == ["deployed"] * 4


def test_ctrl_c_ends_what_is_at_work_and_starts_no_more() -> None:
    ended, asked = threading.Event(), []

    def deploy(target: Target) -> Outcome:
        asked.append(target.name)
        if len(asked) == 2:
            _thread.interrupt_main()
        ended.wait(30)
        return Outcome(target.name, "failed", None, 0.0, "interrupted")

    targets = [Target(f"pi{n}", f"pi{n}", delivery()) for n in range(9)]
    with pytest.raises(KeyboardInterrupt):
        deploy_fleet(
            *(targets, Pace(parallel=2), deploy, lambda target: "", lambda *_: None),
            interrupt=ended.set,
        )
    assert len(asked) == 2


def test_a_rollback_has_an_exit_code_of_its_own() -> None:
    assert (
        exit_code([Outcome("a", "rolled back", 1, 0.1, ""), Outcome("b", "failed", 1, 0.1, "")])
        == 3
    )


def test_the_table_has_a_line_a_host() -> None:
    outcomes = [
        Outcome("door", "deployed", 4, 2.04, "all well"),
        Outcome("gate", "failed", None, 0, "off"),
    ]
    head, door, gate = table(outcomes).splitlines()
    assert head.split() == ["host", "state", "release", "seconds"]
    assert door.split() == ["door", "deployed", "4", "2.0", "all", "well"]
    assert gate.split() == ["gate", "failed", "-", "0.0", "off"]


@pytest.fixture
def fleet_file(tmp_path: Path) -> Path:
    path = tmp_path / "fleet.toml"
    path.write_text(FLEET)
    return path


def test_a_host_has_what_the_fleet_has_unless_it_says_otherwise(fleet_file: Path) -> None:
    fleet, folder = read_fleet(fleet_file), fleet_file.parent
    assert fleet["door"].address == "pi@door.local"
    assert (fleet["door"].model, fleet["door"].config) == ("tiny", folder / "door.toml")
    assert fleet["kitchen"].address == "kitchen"
    assert fleet["kitchen"].config == folder / "kitchen.toml"
    assert fleet["gate"].model == str(folder / "models/gate.tflite")
    assert [name for name, host in fleet.items() if host.system] == ["gate"]


def test_a_fleet_may_be_of_the_system_but_for_a_host(fleet_file: Path) -> None:
    text = "system = true\n" + FLEET.replace("system = true", "system = false")
    fleet_file.write_text(text)
    fleet = read_fleet(fleet_file)
    assert [name for name, host in fleet.items() if host.system] == ["door", "kitchen"]


def test_names_and_groups_choose_hosts(fleet_file: Path) -> None:
    fleet = read_fleet(fleet_file)
    assert list(choose_hosts(fleet, [])) == ["door", "kitchen", "gate"]
    assert list(choose_hosts(fleet, ["office"])) == ["door", "kitchen"]
    assert list(choose_hosts(fleet, ["gate", "ground"])) == ["door", "gate"]
    with pytest.raises(ConfigError, match="did you mean 'office'"):
        choose_hosts(fleet, ["ofice"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[host.door]\n", "did you mean 'hosts'"),
        (
            "[hosts.door]\nadress = 'pi'\n",
            "unknown key 'hosts.door.adress'; did you mean 'address'",
        ),
        ("modell = 'tiny'\n[hosts.door]\n", "did you mean 'model'"),
        ("[hosts.door]\ngroups = 'office'\n", "expected a list"),
        ("", "expected tables such as"),
        ("[hosts.door\n", "not TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_nearest_key(
    tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "fleet.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words.replace("[", r"\[")):
        read_fleet(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_fleet(tmp_path / "none.toml")


def test_a_name_cannot_write_to_the_terminal() -> None:
    text = table([Outcome("pi\n\x9b2J", "failed", None, 0.0, "a\x1b[2Jb")])
    assert text.splitlines()[1:] == ["pi??2J  failed  -        0.0      a?[2Jb"]
