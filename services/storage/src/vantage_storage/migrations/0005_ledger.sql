-- Seconds owed and seconds recorded, by camera and day, and the cause of each that is missing.

-- what cameras.v1 has said of each camera, so that what was owed on a day is known later
create table camera_states (
    camera_id text not null,
    changed_us bigint not null,
    revision int not null,
    state text not null,
    authority_expires_us bigint not null,
    retention_class text not null,
    primary key (camera_id, changed_us)
);

-- what camera-status.v1 has said: a state, its begin, and until when it was heard of
create table camera_statuses (
    camera_id text not null,
    since_us bigint not null,
    state text not null,
    heard_us bigint not null,
    cause text not null,
    primary key (camera_id, since_us, state)
);

create index camera_statuses_heard on camera_statuses (heard_us);

-- until when each ownership of a camera was heard of
create table camera_epochs (
    camera_id text not null,
    epoch bigint not null,
    heard_us bigint not null,
    primary key (camera_id, epoch)
);

-- where cameras.v1 and camera-status.v1 are to be read on: written with what was read
create table ledger_offsets (
    topic text not null,
    partition int not null,
    next_offset bigint not null,
    primary key (topic, partition)
);

-- what was ever indexed of a camera's day: it stays when the rows go, so a closed day keeps its figures
create table ledger_recorded (
    camera_id text not null,
    day int not null,
    spans int8multirange not null,
    primary key (camera_id, day)
) with (fillfactor = 60);

create index ledger_recorded_day on ledger_recorded (day);

-- `announced`: by the recording after it; `before`: everything without another cause before the recording at `end_us`;
-- `lost`: told by the rescue
create table ledger_causes (
    camera_id text not null,
    end_us bigint not null,
    start_us bigint not null,
    kind text not null check (kind in ('announced', 'before', 'lost')),
    cause text not null,
    detail text not null,
    primary key (camera_id, end_us, start_us, kind)
);

create index ledger_causes_end on ledger_causes (end_us);

-- days to be counted again; a queue that nobody who writes to it waits for
create table ledger_changes (
    change_id bigint generated always as identity primary key,
    camera_id text not null,
    day int not null
);

create table ledger_days (
    camera_id text not null,
    day int not null,
    owed_us bigint not null,
    recorded_us bigint not null,
    explained_us bigint not null,
    unexplained_us bigint not null,
    pending_us bigint not null,
    judged_us bigint not null,
    primary key (camera_id, day),
    check (owed_us = recorded_us + explained_us + unexplained_us)
) with (fillfactor = 60);

create index ledger_days_day on ledger_days (day);

create table gaps (
    camera_id text not null,
    start_us bigint not null,
    end_us bigint not null,
    day int not null,
    cause text not null,
    detail text not null,
    owed boolean not null,
    primary key (camera_id, start_us)
);

create index gaps_day on gaps (day);
create index gaps_unexplained on gaps (camera_id) where cause = 'unexplained';

-- the outbox of findings.v1: a gap without a cause, told when it is found and when it is no more
create table ledger_alerts (
    alert_id text primary key,
    camera_id text not null,
    start_us bigint not null,
    end_us bigint not null,
    peak_us bigint not null,
    closed boolean not null default false,
    told int not null default 0
);

create index ledger_alerts_open on ledger_alerts (start_us) where not closed or told < 2;

-- recordings that were rebuilt, from when their objects are whole: announced from here until the index has them
create table rescues (
    recording_id text primary key,
    camera_id text not null,
    start_us bigint not null,
    end_us bigint not null,
    epoch bigint not null,
    announcement bytea not null,
    put_us bigint not null,
    told boolean not null default false
);

-- each new row into the account of its days, in the transaction that writes it
create function account_recordings() returns trigger language plpgsql as $$
declare
    day_us constant bigint := 86400000000;
begin
    with recorded as (
        select camera_id, start_us, least(end_us, start_us + day_us) as end_us from fresh where end_us > start_us
    ), announced as (
        select camera_id, (gap_before ->> 'start')::bigint as start_us, (gap_before ->> 'end')::bigint as end_us,
               gap_before ->> 'cause' as cause, coalesce(gap_before ->> 'detail', '') as detail
        from fresh where gap_before is not null
    ), gap as (
        select camera_id, start_us, end_us, 'announced' as kind, cause, detail from announced where start_us < end_us
        union all
        select camera_id, coalesce(before.end_us, 0), announced.end_us, 'before', cause, detail
        from announced left join lateral (
            select end_us from storage.recordings as kept
            where kept.camera_id = announced.camera_id and kept.start_us < announced.end_us
            order by kept.start_us desc limit 1
        ) as before on true
        where announced.start_us >= announced.end_us
    ), noted as (
        insert into storage.ledger_causes (camera_id, start_us, end_us, kind, cause, detail)
        select camera_id, start_us, end_us, kind, cause, detail from gap where start_us < end_us
        order by camera_id, end_us on conflict do nothing
    ), booked as (
        insert into storage.ledger_recorded as kept (camera_id, day, spans)
        select camera_id, day,
               range_agg(int8range(greatest(start_us, day * day_us), least(end_us, (day + 1) * day_us)))
        from recorded cross join lateral generate_series(start_us / day_us, (end_us - 1) / day_us) as day
        group by camera_id, day order by camera_id, day
        on conflict (camera_id, day) do update set spans = kept.spans + excluded.spans
    )
    insert into storage.ledger_changes (camera_id, day)
    select distinct camera_id, day
    from (
        select camera_id, start_us, end_us from recorded
        union all
        select camera_id, greatest(start_us, end_us - 40 * day_us), end_us from gap where start_us < end_us
    ) as news
    cross join lateral generate_series(start_us / day_us, (end_us - 1) / day_us) as day;
    return null;
end
$$;

create trigger account_recordings after insert on recordings
referencing new table as fresh for each statement execute function account_recordings();

-- what was indexed before there was a ledger
insert into ledger_recorded (camera_id, day, spans)
select camera_id, day,
       range_agg(int8range(greatest(start_us, day * 86400000000), least(end_us, (day + 1) * 86400000000)))
from recordings cross join lateral generate_series(start_us / 86400000000, (end_us - 1) / 86400000000) as day
where end_us > start_us
group by camera_id, day;
insert into ledger_causes (camera_id, start_us, end_us, kind, cause, detail)
select camera_id, (gap_before ->> 'start')::bigint, (gap_before ->> 'end')::bigint, 'announced', gap_before ->> 'cause',
       coalesce(gap_before ->> 'detail', '')
from recordings where (gap_before ->> 'start')::bigint < (gap_before ->> 'end')::bigint
on conflict do nothing;
insert into ledger_changes (camera_id, day) select camera_id, day from ledger_recorded;

-- Why a moment is not there. A recording always wins; where several rows hold a moment, `deleted-by-order` and
-- `retention` say why what was recorded is gone. `owed` is whether the scheme wanted it recorded.
create view gaps_v1 as
select camera_id, start_us, end_us, cause, detail, owed from gaps
union all
select camera_id, 0, min(changed_us), 'not-registered', 'nothing is known of the camera before', false
from camera_states group by camera_id
union all
select camera_id, changed_us, until_us, 'retired', 'the scheme has it retired', false
from (
    select camera_id, changed_us, state,
           lead(changed_us, 1, 9223372036854775807) over (partition by camera_id order by changed_us) as until_us
    from camera_states
) as state
where state = 'retired'
union all
select camera_id, from_us, to_us, 'deleted-by-order', reason, false from destructions where done_us is not null
union all
select recorded.camera_id, lower(span), upper(span), 'retention', 'recorded, and erased when its time was over', false
from ledger_recorded as recorded
left join lateral (
    select start_us from recordings as kept
    where kept.camera_id = recorded.camera_id and not kept.garbage order by start_us limit 1
) as oldest on true
cross join lateral unnest(recorded.spans * int8multirange(int8range(null, oldest.start_us))) as span;

create view ledger_v1 as
select camera_id, date '1970-01-01' + day as day,
       owed_us / 1000000.0 as owed_seconds, recorded_us / 1000000.0 as recorded_seconds,
       explained_us / 1000000.0 as explained_seconds, unexplained_us / 1000000.0 as unexplained_seconds,
       pending_us / 1000000.0 as pending_seconds, judged_us
from ledger_days;

do $$
begin
    if exists (select from pg_roles where rolname = 'vantage_reader') then
        grant select on gaps_v1, ledger_v1 to vantage_reader;
    end if;
end
$$;
