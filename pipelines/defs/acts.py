"""What people do about alerts, as jobs to launch from the UI with a filled-in form: the same acts
as `koers alerts`. One more act is one more class here, in `ACTS`."""

from abc import abstractmethod
from typing import ClassVar

import dagster as dg
from pydantic import Field

from pipelines.publication import utc_now
from pipelines.settings import Home, Settings, home, settings
from pipelines.watch import acts, expecting
from pipelines.watch.drift import Silence
from pipelines.watch.ledger import LedgerError
from pipelines.watch.machine import ActError
from pipelines.watch.moments import beginning, day

_ALERT = Field(description="An alert's id, or as much of its beginning as names one open alert.")
_UNTIL = Field(default="", description="A day to last until, as 2026-12-31; or give days.")
_DAYS = Field(default=0, description="Or for so many days.")


class Act(dg.Config):
    """The form of an act. Everybody who can open the UI may fill it in, so it asks for a name."""

    job: ClassVar[str]
    by: str = Field(description="Who does it: your name.")

    @abstractmethod
    def do(self, at: Home, chosen: Settings) -> str:
        """Do it, and say what was done. Raises ActError where it cannot be done, LedgerError."""


class Acknowledge(Act):
    """Someone works on an alert: no more messages until it is over."""

    job: ClassVar[str] = "acknowledge_alert"
    alert: str = _ALERT
    note: str = Field(default="", description="Why, for who looks later.")

    def do(self, at: Home, chosen: Settings) -> str:
        told = acts.acknowledge(at.ledger, self.alert, self.by, self.note or None)
        return f"{told.alert.alert_id} is {told.alert.at.state}"


class Snooze(Act):
    """No messages about an alert until a day; then again, unless it is over."""

    job: ClassVar[str] = "snooze_alert"
    alert: str = _ALERT
    until: str = _UNTIL
    days: int = _DAYS
    note: str = Field(default="", description="Why, for who looks later.")

    def do(self, at: Home, chosen: Settings) -> str:
        until = beginning(self.until, self.days, chosen.zone, utc_now())
        told = acts.snooze(at.ledger, self.alert, until, self.by, self.note or None)
        return f"{told.alert.alert_id} is {told.alert.at.state} until {until:%Y-%m-%d}"


class SilenceAlerts(Act):
    """No messages for a time about the alerts that fit; those not over are told afterwards."""

    job: ClassVar[str] = "silence_alerts"
    reason: str = Field(description="Why; it is kept.")
    until: str = _UNTIL
    days: int = _DAYS
    kpi: str = Field(default="", description="Only of this KPI.")
    unit: str = Field(default="", description="Only of the unit with this id.")
    owner: str = Field(default="", description="Only to this owner.")

    def do(self, at: Home, chosen: Settings) -> str:
        now = utc_now()
        until = beginning(self.until, self.days, chosen.zone, now)
        holds = Silence(now, until, self.kpi or None, self.unit or None, self.owner or None)
        acts.silence(at.ledger, holds, self.by, self.reason)
        return f"silent until {until:%Y-%m-%d}"


class EndSilence(Act):
    """End a silence before its time."""

    job: ClassVar[str] = "end_silence"
    number: int = Field(description="As `koers alerts list` names it.")
    note: str = Field(default="", description="Why, for who looks later.")

    def do(self, at: Home, chosen: Settings) -> str:
        acts.unsilence(at.ledger, self.number, self.by, self.note or None)
        return f"silence {self.number} has ended"


class ExpectAlert(Act):
    """What an alert tells was expected: quiet, and the process band does not learn from it."""

    job: ClassVar[str] = "expect_alert"
    alert: str = _ALERT
    why: str = Field(description="A campaign, a holiday; readers see it.")
    since: str = Field(default="", description="A day, as 2026-12-31; else since it began.")
    until: str = Field(default="", description="A day; else up to its newest period.")

    def do(self, at: Home, chosen: Settings) -> str:
        first, last = day(self.since), day(self.until)
        told = expecting.expect(at.ledger, self.alert, self.by, self.why, first, last)
        expecting.put_expected(at)
        return f"{told.alert.alert_id} was expected; the next run takes it into account"


class NotExpected(Act):
    """Take back that what an alert tells was expected."""

    job: ClassVar[str] = "take_back_expected"
    alert: str = _ALERT
    note: str = Field(default="", description="Why, for who looks later.")

    def do(self, at: Home, chosen: Settings) -> str:
        told = expecting.take_back(at.ledger, self.alert, self.by, self.note or None)
        expecting.put_expected(at)
        return f"{told.alert.alert_id} was not expected; the next run takes it into account"


ACTS: tuple[type[Act], ...] = (
    Acknowledge,
    Snooze,
    SilenceAlerts,
    EndSilence,
    ExpectAlert,
    NotExpected,
)


def act_job(act: type[Act]) -> dg.JobDefinition:
    """The job that does an act once, with what its form says."""

    def done(context: dg.OpExecutionContext, config: Act) -> None:
        if not config.by.strip():
            raise dg.Failure("Say who does it: by is empty.", allow_retries=False)
        at = home()
        try:
            said = config.do(at, settings(at))
        except (ActError, LedgerError) as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        context.log.info(f"{said}, by {config.by}")

    # The form is read from the annotation.
    done.__annotations__["config"] = act
    one = dg.op(name=f"{act.job}_now")(done)

    @dg.job(name=act.job, description=act.__doc__, executor_def=dg.in_process_executor)
    def job() -> None:
        one()

    return job
