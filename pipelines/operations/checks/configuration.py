"""koers.yaml, audiences.yaml, the channels, the keys, and variables that nothing reads."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator

from connectors.core.discover import discover
from connectors.core.errors import UnusableKeyError
from connectors.core.landing import Landing
from connectors.core.privacy import (
    FILE_VARIABLE,
    KEY_VARIABLE,
    key_file,
    resolve_pseudonyms,
)
from pipelines.audiences import audiences
from pipelines.operations.checks.look import Look
from pipelines.operations.finding import Finding
from pipelines.settings import Channel, SettingsError, settings
from pipelines.spark.needs import SparkMissingError, check
from pipelines.variables import HANDED_ON, OWN

TOPIC = "configuration"


def files(look: Look) -> Iterator[Finding]:
    """Whether koers.yaml and audiences.yaml can be used."""
    for file, read in (
        (look.home.settings_file, settings),
        (look.home.audiences_file, audiences),
    ):
        if not file.exists():
            yield Finding("ok", TOPIC, f"no {file.name}: what holds without it")
            continue
        try:
            read(look.home)
        except (SettingsError, OSError, ValueError) as error:
            yield Finding("error", TOPIC, str(error), str(file), "Correct it; no command runs now.")
        else:
            yield Finding("ok", TOPIC, f"{file.name} can be used", str(file))


def engine(look: Look) -> Iterator[Finding]:
    """Whether what `engine: spark` needs is here."""
    if look.chosen.engine != "spark":
        return
    try:
        check(environment=look.environment)
    except SparkMissingError as error:
        where = str(look.home.settings_file)
        yield Finding("error", "engine", str(error), where, "See docs/spark.md.")
    else:
        yield Finding("ok", "engine", "Spark builds the facts, and what it needs is here")


def channels(look: Look) -> Iterator[Finding]:
    """Whether each channel has its variables, and an address that a service is known for."""
    chosen = look.chosen.alerts.channels
    if not chosen:
        yield Finding(
            "note",
            "channels",
            "no channel is set: alerts are in the report and the UI, and are sent to nobody",
            str(look.home.settings_file),
        )
    for channel in chosen:
        wrong = _wrong(channel, look)
        if wrong:
            yield Finding("error", "channels", f"{channel.name}: {wrong[0]}", wrong[1], wrong[2])
        else:
            yield Finding("ok", "channels", f"{channel.name}: has an address of a known form")


def _wrong(channel: Channel, look: Look) -> tuple[str, str, str] | None:
    """What, where, what to do. Never the address: it is a secret."""
    for name in filter(None, (channel.url_env, channel.secret_env)):
        if not look.environment.get(name, "").strip():
            return ("its variable is not set", name, "Set it where Koers runs; .env is not read.")
    url = look.environment[channel.url_env].strip()
    if channel.secret_env is not None:
        near = url.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]"))
        if not (url.startswith("https://") or near):
            return ("a signed webhook needs an https address", channel.url_env, "Correct it.")
        return None
    from pipelines.watch.redaction import private_logs

    # Apprise takes a second to load its services: only where there is a channel.
    with private_logs():
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            import apprise

            known = apprise.Apprise.instantiate(url) is not None
    if known:
        return None
    return (
        "no Apprise address of a known service",
        channel.url_env,
        f"Correct it, then try it: koers alerts test {channel.name}",
    )


def keys(look: Look) -> Iterator[Finding]:
    """The pseudonym key: there, kept to one user, and the one that the landing was made with."""
    topic = "keys"
    known = Landing(look.home.landing).key_id() if look.home.landing.is_dir() else None
    file = key_file()
    in_file = not os.environ.get(KEY_VARIABLE)
    where = str(file) if in_file else KEY_VARIABLE
    if known is None:
        there = "is there" if not in_file or file.exists() else "is made by the first run"
        yield Finding("ok", topic, f"the pseudonym key {there}", where)
    else:
        try:
            resolve_pseudonyms(look.home.root, known)
        except UnusableKeyError as error:
            remedy = f"Put the key of this landing back, or name it in {FILE_VARIABLE}."
            yield Finding("error", topic, str(error), where, remedy)
        else:
            yield Finding("ok", topic, f"pseudonym key {known} is that of the landing", where)
    if in_file and file.exists() and file.stat().st_mode & 0o077:
        mode = f"{file.stat().st_mode & 0o777:o}"
        yield Finding(
            "warning", topic, f"the pseudonym key can be read by others (mode {mode})", str(file),
            f"chmod 600 {file}",
        )  # fmt: skip


def unknown_variables(look: Look) -> Iterator[Finding]:
    """Variables that begin with KOERS_ and that nothing reads: a typing error, most often."""
    known = {*OWN, *HANDED_ON}
    for connector in discover().values():
        if connector.api is not None:
            for variable in connector.api.variables:
                known |= {variable.name, f"{variable.name}_FILE"}
    for channel in look.chosen.alerts.channels:
        known |= {channel.url_env, channel.secret_env or channel.url_env}
    unread = sorted(
        name for name in look.environment if name.startswith("KOERS_") and name not in known
    )
    for name in unread:
        near = difflib.get_close_matches(name, known, 1, 0.85)
        do = f"Is {near[0]} meant?" if near else "Remove it, or correct its name."
        yield Finding("warning", "variables", "nothing reads this variable", name, do)
    if not unread:
        given = sum(name.startswith("KOERS_") for name in look.environment)
        yield Finding("ok", "variables", f"{given} of KOERS_… are set, and each is read")
