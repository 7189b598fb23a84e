"""Deployment to many hosts: canaries first, then the others, several at a time."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from fer_edge.errors import FerEdgeError

from .delivery import Delivery
from .outcome import Outcome

POLL_S = 2.0


@dataclass(frozen=True, slots=True)
class Target:
    """A host and its files.

    Attributes:
        name: Name for display.
        address: Name for ssh.
        delivery: Files to deploy; None if there are none, as for a rollback.
    """

    name: str
    address: str
    delivery: Delivery | None


@dataclass(frozen=True, slots=True)
class Pace:
    """Order and speed of a fleet deployment.

    Attributes:
        parallel: Number of simultaneous hosts.
        canary: Number of hosts that go first.
        soak_s: Time for which they must be healthy before the others follow, in seconds.
        goes_on: Whether to continue after a failure.
    """

    parallel: int = 4
    canary: int = 0
    soak_s: float = 60.0
    goes_on: bool = False


def deploy_fleet(
    targets: Sequence[Target],
    pace: Pace,
    deploy: Callable[[Target], Outcome],
    watch: Callable[[Target], str],
    say: Callable[[str, str], object],
    interrupt: Callable[[], object] = lambda: None,
) -> list[Outcome]:
    """Deploy to all targets; outcomes are in their order.

    Args:
        targets: Hosts.
        pace: Order and speed.
        deploy: Function that deploys to a host.
        watch: Function that returns the problem of a host, or an empty text.
        say: Called with a host's name and a line of progress.
        interrupt: Function that ends running deployments, for Ctrl-C.
    """
    first, others = targets[: pace.canary], targets[pace.canary :]
    outcomes = _wave(first, pace, deploy, interrupt)
    if first and others and _may_go_on(outcomes, pace):
        outcomes = _soak(first, outcomes, pace, watch, say)
    if others and (not first or _are_good(outcomes) or pace.goes_on):
        return outcomes + _wave(others, pace, deploy, interrupt)
    return outcomes + [_skipped(target) for target in others]


def _wave(
    targets: Sequence[Target],
    pace: Pace,
    deploy: Callable[[Target], Outcome],
    interrupt: Callable[[], object],
) -> list[Outcome]:
    has_failed = False

    def one(target: Target) -> Outcome:
        nonlocal has_failed
        if has_failed and not pace.goes_on:
            return _skipped(target)
        outcome = deploy(target)
        has_failed = has_failed or not outcome.is_good
        return outcome

    if len(targets) == 1:
        return [one(targets[0])]
    with ThreadPoolExecutor(pace.parallel) as pool:
        try:
            return list(pool.map(one, targets))
        except KeyboardInterrupt:  # otherwise the pool would wait for all of them
            has_failed, pace = True, replace(pace, goes_on=False)
            interrupt()
            raise


def _soak(
    targets: Sequence[Target],
    outcomes: list[Outcome],
    pace: Pace,
    watch: Callable[[Target], str],
    say: Callable[[str, str], object],
) -> list[Outcome]:
    """Observe the hosts that were changed for a while; an unhealthy host counts as failed."""
    end_s = time.monotonic() + pace.soak_s
    found = list(outcomes)
    while True:
        left_s = end_s - time.monotonic()
        for index, target in enumerate(targets):
            if outcomes[index].state != "deployed":  # its restarts are older than this deployment
                continue
            say(target.name, f"observing: {max(0.0, left_s):.0f} s left")
            wrong = _wrong(target, watch)
            if wrong:
                text = f"it was deployed but is not healthy: {wrong}"
                found[index] = replace(found[index], state="failed", text=text)
        if not _are_good(found):
            return found
        if left_s <= 0:
            for target, outcome in zip(targets, outcomes, strict=True):
                if outcome.state == "deployed":
                    say(target.name, f"healthy for {pace.soak_s:.0f} s")
            return found
        time.sleep(min(POLL_S, left_s))


def _wrong(target: Target, watch: Callable[[Target], str]) -> str:
    try:
        return watch(target)
    except FerEdgeError as error:
        return str(error)


def _may_go_on(outcomes: Sequence[Outcome], pace: Pace) -> bool:
    return pace.soak_s > 0 and _are_good(outcomes) and any(o.state == "deployed" for o in outcomes)


def _are_good(outcomes: Sequence[Outcome]) -> bool:
    return all(outcome.is_good for outcome in outcomes)


def _skipped(target: Target) -> Outcome:
    return Outcome(target.name, "skipped", None, 0.0, "skipped, since another host failed")
