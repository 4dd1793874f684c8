-- How long each class of recording is kept, the history of that, and the receipts of what was erased.

-- a version names the days of every class; it is never changed, and the highest in force is today's
create table policies (
    version int primary key,
    in_force_us bigint not null unique,
    days jsonb not null check (days ? 'standard'),
    decision_id text not null unique,
    requester text not null,
    approver text not null,
    reason text not null
);

insert into policies values (1, 0, '{"standard": 31}', 'installation', 'installation', 'installation',
                             'the period that the scheme publishes');

create view policies_v1 as
select version, in_force_us, days, decision_id, requester, approver, reason from policies;

-- vantage_storage.domain.policy says the same: the fewest days of the version in force at the end of capture and of all
-- later ones, and the version that says so
create function retention(class text, end_us bigint, out policy_version int, out due_us bigint)
language sql stable as $$
    select version, end_us + kept_days * 86400000000
    from (
        select version, coalesce(days ->> class, days ->> 'standard')::bigint as kept_days
        from storage.policies_v1
        where version >= coalesce((select max(version) from storage.policies_v1 where in_force_us <= end_us), 0)
    ) as applies
    order by kept_days, version limit 1
$$;

-- when each recording falls due and under which version of the policy
create view retention_v1 as
select recording_id, camera_id, start_us, due_us, policy_version
from recordings cross join lateral retention(retention_class, end_us)
where not garbage;

-- the class of what carries none (tracks, stills, objects that nobody announced): of its camera's recordings that day
-- the one that goes first, else that of the camera's last recording, else `standard`
create function class_on(camera text, first_us bigint, next_us bigint) returns text language sql stable as $$
    select coalesce(
        (
            select class from (
                select distinct retention_class as class from storage.recordings
                where camera_id = camera and start_us >= first_us and start_us < next_us
            ) as of_the_day
            order by (storage.retention(class, first_us)).due_us, class limit 1
        ),
        (select retention_class from storage.recordings where camera_id = camera order by start_us desc limit 1),
        'standard'
    )
$$;

-- what is to be erased next, whatever became of the process that marked it
create index recordings_garbage on recordings (start_us, camera_id, epoch) where garbage;

-- objects without a row, seen when their day was over: what is to be erased, until its receipt is written
create table leftovers (
    bucket text not null,
    object text not null,
    version text not null default '',
    day int not null,
    size bigint not null,
    policy_version int not null,
    primary key (bucket, object, version)
);

-- days of which something went, until the key that encrypted them is destroyed
create table erased_days (
    kind text not null,
    day int not null,
    key_destroyed_us bigint,
    primary key (kind, day)
);

-- the outbox of audit.v1: written with the effect, published afterwards
create table receipts (
    record_id text primary key,
    at_us bigint not null,
    action text not null,
    resource text not null,
    reason text not null default '',
    detail jsonb not null,
    published boolean not null default false
);

create index receipts_to_publish on receipts (at_us, record_id) where not published;

-- footage that two persons ordered to be destroyed before its time; what still comes for the window goes as well
create table destructions (
    destruction_id text primary key,
    decision_id text not null unique,
    camera_id text not null,
    from_us bigint not null,
    to_us bigint not null,
    requester text not null,
    approver text not null,
    reason text not null,
    placed_us bigint not null,
    answer jsonb not null,
    done_us bigint,
    check (requester <> approver),
    check (from_us < to_us)
);

do $$
begin
    if exists (select from pg_roles where rolname = 'vantage_reader') then
        grant select on policies_v1, retention_v1 to vantage_reader;
    end if;
end
$$;
