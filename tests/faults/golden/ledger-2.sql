-- An alert ledger of version 2, as Koers of that time made it. Never changed.
pragma application_id = 1263486290;
pragma user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE alert_events (
    event_id integer primary key,
    alert_id text not null,
    kpi text not null,
    org_unit_id text not null,
    kind text not null,
    state text not null,
    occurred_at text not null,
    period_start text not null,
    publication_id text not null,
    dedup_key text not null unique,
    detail text not null
) strict;
INSERT INTO "alert_events" VALUES(1,'a1','revenue','north','tolerance','firing','2025-07-01T00:00:00.000000+00:00','2025-06-01','20250701T010000000000Z','a1#1-firing','{}');
CREATE TABLE evaluations (
    publication_id text primary key,
    evaluated_at text not null,
    judged integer not null,
    fired integer not null,
    resolved integer not null
) strict;
INSERT INTO "evaluations" VALUES('20250701T010000000000Z','2025-07-01T00:00:00.000000+00:00',3,1,0);
CREATE TABLE outbox (
    message_id integer primary key,
    idempotency_key text not null unique,
    publication_id text not null,
    owner text not null,
    channel text not null,
    title text not null,
    body text not null,
    dedup_keys text not null,
    created_at text not null,
    attempts integer not null default 0,
    next_attempt_at text not null,
    sent_at text,
    last_error text
) strict;
INSERT INTO "outbox" VALUES(1,'i1','20250701T010000000000Z','noor','mail','Omzet','Omzet is laag','["a1#1-firing"]','2025-07-01T00:00:00.000000+00:00',0,'2025-07-01T00:00:00.000000+00:00',NULL,NULL);
CREATE TABLE silences (
    silence_id integer primary key,
    kpi text,
    org_unit_id text,
    owner text,
    since text not null,
    until text not null,
    by text not null,
    reason text not null,
    created_at text not null
) strict;
INSERT INTO "silences" VALUES(1,'revenue',NULL,NULL,'2025-07-01','2025-08-01','noor','a move','2025-07-01');
CREATE TABLE watermarks (
    kpi text not null,
    grain text not null,
    period_start text not null,
    definition_version text,
    primary key (kpi, grain)
) strict;
INSERT INTO "watermarks" VALUES('revenue','month','2025-06-01','1');
CREATE INDEX alert_events_series on alert_events (kpi, org_unit_id, kind, event_id);
CREATE INDEX alert_events_alert on alert_events (alert_id);
CREATE TRIGGER alert_events_stay before update on alert_events
begin select raise(abort, 'alert_events only grows'); end;
CREATE TRIGGER alert_events_remain before delete on alert_events
begin select raise(abort, 'alert_events only grows'); end;
CREATE INDEX outbox_due on outbox (next_attempt_at) where sent_at is null;
COMMIT;
