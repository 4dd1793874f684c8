-- The index of what is kept, by day of capture, so that a day is forgotten by dropping a table.
-- The keys are those that the ids are derived from, so one index serves both search and idempotence.

create table recordings (
    camera_id text not null,
    start_us bigint not null,
    epoch bigint not null,
    end_us bigint not null,
    recording_id text not null,
    clock jsonb not null,
    codec text not null,
    width int not null,
    height int not null,
    bucket text not null,
    object text not null,
    size bigint not null,
    sha256 bytea not null,
    init_length int not null,
    fragments bytea not null,
    gap_before jsonb,
    retention_class text not null,
    primary key (camera_id, start_us, epoch)
) partition by range (start_us);

-- digests do not compress, and a search that lists recordings need not read them
alter table recordings alter column fragments set storage external;

create table tracks (
    camera_id text not null,
    start_us bigint not null,
    track_id text not null,
    epoch bigint not null,
    number bigint not null,
    label text not null,
    score smallint not null,
    end_us bigint not null,
    observations bigint not null,
    path jsonb not null,
    ended text not null,
    detector text not null,
    version text not null,
    model_digest bytea not null,
    run_id text,
    primary key (camera_id, start_us, track_id)
) partition by range (start_us);

-- where each partition of the event log is to be read on: written with the rows, in one transaction
create table offsets (
    topic text not null,
    partition int not null,
    next_offset bigint not null,
    primary key (topic, partition)
);

-- vantage_storage.domain.fragment_list writes what this reads: 44 bytes a fragment
create function fragment_list(start_us bigint, init_length int, packed bytea) returns jsonb
language sql immutable strict parallel safe as $$
    select jsonb_agg(jsonb_build_array(start_us + after_us, duration, ends - length, length, sha256) order by number)
    from (
        select number, after_us, duration, length, sha256, init_length + sum(length) over (order by number) as ends
        from (select packed || ''::bytea as list) as fetched_once
        cross join generate_series(0, length(list) / 44 - 1) as number
        cross join lateral (
            select ('x' || encode(substring(list from number * 44 + 1 for 12), 'hex'))::bit(96) as numbers,
                   encode(substring(list from number * 44 + 13 for 32), 'hex') as sha256
        ) as entry
        cross join lateral (
            select substring(numbers from 1 for 32)::bigint as after_us,
                   substring(numbers from 33 for 32)::bigint as duration,
                   substring(numbers from 65 for 32)::bigint as length
        ) as field
    ) as fragment
$$;

create view recordings_v1 as
select recording_id, camera_id, epoch, start_us, end_us, clock, codec, width, height, bucket, object, size,
       encode(sha256, 'hex') as sha256, init_length, fragment_list(start_us, init_length, fragments) as fragments,
       gap_before, retention_class
from recordings;

create view tracks_v1 as
select track_id, camera_id, epoch, number, label, score, start_us, end_us, observations, path, ended, detector, version,
       encode(model_digest, 'hex') as model_digest, run_id
from tracks;

do $$
begin
    if exists (select from pg_roles where rolname = 'vantage_reader') then
        grant usage on schema storage to vantage_reader;
        grant select on recordings_v1, tracks_v1 to vantage_reader;
        grant execute on function fragment_list to vantage_reader;
    end if;
end
$$;
