-- One row an alert: its latest revision, and the engine's latest step that is in it.
create table alerts (
    alert_id        text primary key,
    revision        int not null check (revision >= 1),
    step            int not null check (step >= 1),
    state           text not null,
    active          bool not null,
    rule_id         text not null,
    rule_version    int not null,
    rule_type       text not null,
    camera_id       text not null,
    zone_id         text,
    severity        text not null,
    title           text not null,
    raised_at_us    bigint not null,
    changed_at_us   bigint not null,
    window_start_us bigint not null,
    evidence        jsonb not null,
    peak            int not null,
    place           jsonb,
    actor           text,
    reason          text,
    event           jsonb not null
);
create index alerts_by_time on alerts (raised_at_us desc);
create index alerts_by_camera on alerts (camera_id, raised_at_us desc);
create index alerts_active on alerts (raised_at_us desc) where active;

-- What is to be published, in the order of its commits: sequences are given under one lock that is held to the commit.
create table outbox (
    sequence   bigint primary key,
    event_id   text not null,
    alert_id   text not null,
    event      bytea not null,
    trace      text not null,
    made_at_us bigint not null
);
create sequence outbox_sequence owned by outbox.sequence;

-- How far the outbox is known to be in alerts.v1, and from which offset there a successor looks for what came after.
create table published (
    only_row    bool primary key default true check (only_row),
    sequence    bigint not null,
    next_offset bigint not null
);
insert into published (sequence, next_offset) values (0, 0);

create view alerts_v1 as
select alert_id, revision, state, active, rule_id, rule_version, rule_type, camera_id, zone_id, severity, title,
       raised_at_us, changed_at_us, window_start_us, evidence, peak, place, actor, reason
from alerts;

do $$
begin
    if exists (select from pg_roles where rolname = 'vantage_reader') then
        grant usage on schema alerts to vantage_reader;
        grant select on alerts_v1 to vantage_reader;
    end if;
end
$$;
