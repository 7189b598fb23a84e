from dataclasses import replace

import pytest

from fer_edge.errors import DeployError
from fer_edge.runtime.deploy.plan import Choices, choose_python, make_plan
from fer_edge.runtime.deploy.situation import Limits, Python, Switch

from .situations import CONFIG, EMPTY, FACTS, PYTHON, delivery, deployed


def environment_of(choices: Choices = Choices()) -> str:  # noqa: B008 - it is frozen
    return f"{make_plan(EMPTY, delivery(), choices).identity}-0a1b2c"


def test_an_empty_device_gets_everything() -> None:
    plan = make_plan(EMPTY, delivery("tiny", CONFIG), Choices())
    assert plan.python == PYTHON
    assert plan.has_new_model
    assert plan.has_new_config
    assert plan.way == "restart"
    assert len(plan.lines) == 4


def test_a_device_that_has_it_all_gets_nothing() -> None:
    there = deployed(environment_of())
    assert make_plan(there, delivery("compact", CONFIG), Choices()).is_empty
    assert make_plan(there, delivery(), Choices()).is_empty


def test_other_software_makes_another_environment() -> None:
    plan = make_plan(deployed("other-0a1b2c"), delivery(), Choices())
    assert plan.identity
    assert not plan.has_new_model
    assert plan.way == "restart"


def test_a_model_alone_leaves_the_software_as_it_is() -> None:
    plan = make_plan(deployed("other-0a1b2c"), delivery("tiny", alone=True), Choices())
    assert (plan.identity, plan.way) == ("", "reload")


@pytest.mark.parametrize(
    ("choices", "option"),
    [
        (Choices(system_site=True), "--system-site-packages"),
        (Choices(python="/opt/python/bin/python3"), "--python"),
    ],
)
def test_a_model_alone_does_not_come_with_another_environment(
    choices: Choices, option: str
) -> None:
    other = Python("/opt/python/bin/python3", "3.12.1", True, True)
    there = replace(deployed("other-0a1b2c"), facts=replace(FACTS, pythons=(PYTHON, other)))
    with pytest.raises(DeployError, match=f"^{option} would have no effect"):
        make_plan(there, delivery("tiny", alone=True), choices)
    assert make_plan(EMPTY, delivery("tiny", alone=True), replace(choices, python="")).identity
    release = replace(there.releases[0], python=other.path, system_site=True)
    same = replace(there, releases=(release,))
    assert make_plan(same, delivery("tiny", alone=True), choices).way == "reload"


def test_a_model_with_other_labels_needs_a_restart() -> None:
    there = deployed(environment_of())
    plan = make_plan(there, delivery("compact-ferplus", alone=True), Choices())
    assert plan.way == "restart"


def test_a_model_for_a_service_that_does_not_run_needs_a_start() -> None:
    there = deployed(environment_of())
    assert there.service is not None
    there = replace(there, service=replace(there.service, is_well=False))
    assert make_plan(there, delivery("tiny", alone=True), Choices()).way == "restart"


def test_a_changed_secret_is_a_changed_configuration() -> None:
    there = deployed(environment_of())
    changed = replace(CONFIG, secrets={"FER_EDGE_WEB_TOKEN": "another"})
    assert make_plan(there, delivery("compact", changed), Choices()).has_new_config


def test_a_changed_limit_restarts_and_stays_afterwards() -> None:
    there = deployed(environment_of())
    plan = make_plan(there, delivery(), Choices(limits=Limits(watchdog_s=5)))
    assert (plan.way, plan.limits) == ("restart", Limits(None, 5))
    kept = replace(there.releases[0], limits=plan.limits)
    again = make_plan(replace(there, releases=(kept,)), delivery(), Choices())
    assert again.is_empty
    assert again.limits == plan.limits


def test_without_a_configuration_there_is_no_service() -> None:
    plan = make_plan(EMPTY, delivery("tiny"), Choices())
    assert (plan.way, plan.has_service) == ("link", False)
    assert any("pass --config" in note for note in plan.notes)


def test_without_systemd_it_stops_at_the_link_and_says_so() -> None:
    bare = replace(EMPTY, facts=replace(FACTS, manager=""))
    plan = make_plan(bare, delivery("tiny", CONFIG), Choices())
    assert plan.way == "link"
    said = next(note for note in plan.notes if "env/bin/fer-edge run" in note)
    assert "systemd is not running for this user" in said


def test_no_service_leaves_the_service_alone() -> None:
    there = deployed(environment_of())
    plan = make_plan(there, delivery("tiny", alone=True), Choices(has_service=False))
    assert (plan.way, plan.has_service) == ("link", True)


def test_an_open_switch_is_named() -> None:
    there = replace(deployed(environment_of()), open_switch=Switch(3, 4, "restart"))
    assert any(
        "release 4 was not confirmed" in note
        for note in make_plan(there, delivery(), Choices()).notes
    )


@pytest.mark.parametrize(
    ("python", "word"),
    [
        (replace(PYTHON, version="3.9.2"), "3.9.2"),
        (replace(PYTHON, is_64_bit=False), "64 bits"),
        (None, "none"),
    ],
)
def test_a_python_that_does_not_fit_is_refused(python: Python | None, word: str) -> None:
    facts = replace(FACTS, pythons=() if python is None else (python,))
    with pytest.raises(DeployError, match=word):
        choose_python(facts, "")


def test_a_tested_python_goes_before_a_newer_one() -> None:
    newer = Python("/usr/local/bin/python3", "3.15.0", True, True)
    facts = replace(FACTS, pythons=(newer, PYTHON))
    assert choose_python(facts, "") == PYTHON
    assert choose_python(facts, "/usr/local/bin/python3") == newer
    with pytest.raises(DeployError, match=r"python3\.12 is not on the device"):
        choose_python(facts, "python3.12")


def test_the_python_and_the_systems_packages_stay_until_others_are_named() -> None:
    other = Python("/opt/python/bin/python3", "3.12.1", True, True)
    empty = replace(EMPTY, facts=replace(FACTS, pythons=(PYTHON, other)))
    chosen = Choices(python="/opt/python/bin/python3", system_site=True)
    first = make_plan(empty, delivery(), chosen)
    assert first.python == other
    there = deployed(f"{first.identity}-0a1b2c")
    release = replace(there.releases[0], python=other.path, system_site=True)
    there = replace(there, facts=empty.facts, releases=(release,))
    assert make_plan(there, delivery(), Choices()).is_empty
    assert make_plan(there, delivery(), Choices(python="/usr/bin/python3")).python == PYTHON
    # if that Python was removed, another one is chosen
    gone = replace(there, facts=FACTS)
    assert make_plan(gone, delivery(), Choices()).python == PYTHON


def test_a_unit_of_another_is_not_replaced() -> None:
    there = replace(EMPTY, others_unit="/home/pi/.config/systemd/user/fer-edge.service")
    with pytest.raises(DeployError, match="pass --name"):
        make_plan(there, delivery("tiny", CONFIG), Choices())
    assert make_plan(there, delivery("tiny", CONFIG), Choices(has_service=False)).way == "link"


@pytest.mark.parametrize(("is_system", "said"), [(False, "with --system"), (True, "without --s")])
def test_one_service_of_a_name_is_enough(is_system: bool, said: str) -> None:
    facts = replace(FACTS, is_system=is_system)
    there = replace(EMPTY, facts=facts, other_place="/opt/fer-edge")
    for wanted in (delivery("tiny", CONFIG), delivery("tiny", alone=True)):
        with pytest.raises(DeployError, match=f"{said}.* /opt/fer-edge"):
            make_plan(there, wanted, Choices())
    make_plan(there, delivery("tiny", CONFIG), Choices(has_service=False))


@pytest.mark.parametrize("manager", ["system", "user"])
def test_any_systemd_runs_the_service(manager: str) -> None:
    there = replace(EMPTY, facts=replace(FACTS, is_system=manager == "system", manager=manager))
    plan = make_plan(there, delivery("tiny", CONFIG), Choices())
    assert (plan.has_service, plan.way) == (True, "restart")
