"""`fer-edge doctor`."""

import click

_COLOURS = {"ok": "green", "note": "cyan", "warning": "yellow", "problem": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON, for programs.")
def doctor(as_json: bool) -> None:
    """Look at what this device has: packages, models, cameras, board; advise where it helps.

    ok: as it should be. note: worth knowing. warning: slower or less reliable than it could be.
    problem: fer-edge does not work; only then is the exit code 1.

    \b
    Examples:
        fer-edge doctor
        fer-edge doctor --json | jq '.findings[] | select(.status != "ok")'
    """
    import json

    from fer_edge.schema import encode

    from . import RANKING, examine, worst

    findings = examine()
    if as_json:
        record = {"status": worst(findings), "findings": encode(findings)}
        click.echo(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        width = max(len(item.topic) for item in findings)
        for item in findings:
            status = click.style(f"{item.status:8}", fg=_COLOURS[item.status])
            click.echo(f"{item.topic:{width}}  {status} {item.text}")
            if item.advice:
                click.echo(f"{'':{width}}  {'':8} -> {item.advice}")
        counts = [(sum(item.status == status for item in findings), status) for status in RANKING]
        click.echo(", ".join(f"{count} {status}" for count, status in counts if count))
    if worst(findings) == "problem":
        raise SystemExit(1)
