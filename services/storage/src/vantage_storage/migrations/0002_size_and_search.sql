-- The digests of a recording's fragments are the last box of its object, the trailer (vantage.fragment_digests). The
-- index keeps the trailer's digest, and of each fragment three numbers in as few bits as its recording needs.

alter table recordings add column origin jsonb;
alter table recordings add column digests_sha256 bytea;
-- the trailer itself, only of a recording from before it was part of the object
alter table recordings add column trailer bytea;
alter table recordings alter column trailer set storage external;
-- marked for erasure: its object may be gone already, so no view shows it
alter table recordings add column garbage boolean not null default false;

create function trailer_before(packed bytea) returns bytea language sql as $$
    select int4send((24 + 32 * count(*))::int) || 'uuid'::bytea || '\x5e2b7d0c6f3a4b869a41c7d81f5a90e3'::bytea
           || string_agg(substring(packed from number * 44 + 13 for 32), ''::bytea order by number)
    from generate_series(0, length(packed) / 44 - 1) as number
$$;

-- 44 bytes a fragment (see 0001) as the new list
create function compacted(packed bytea) returns bytea language sql as $$
    with fragment as (
        select number, substring(numbers from 1 for 32)::bigint as after_us,
               substring(numbers from 33 for 32)::bigint as duration, substring(numbers from 65 for 32)::bigint as length
        from generate_series(0, length(packed) / 44 - 1) as number
        cross join lateral (
            select ('x' || encode(substring(packed from number * 44 + 1 for 12), 'hex'))::bit(96) as numbers
        ) as entry
    ), timed as (
        select number, after_us - coalesce(lag(after_us + duration) over (order by number), 0) as gap, duration, length
        from fragment
    ), frame as (
        select count(*)::int as count, min(gap) as gap, min(duration) as duration, min(length) as length,
               length(ltrim((max(gap) - min(gap))::bit(64)::text, '0')) as gap_bits,
               length(ltrim((max(duration) - min(duration))::bit(64)::text, '0')) as duration_bits,
               length(ltrim((max(length) - min(length))::bit(64)::text, '0')) as length_bits
        from timed
    ), written as (
        select string_agg(
                   right((timed.gap - frame.gap)::bit(64)::text, gap_bits)
                   || right((timed.duration - frame.duration)::bit(64)::text, duration_bits)
                   || right((timed.length - frame.length)::bit(64)::text, length_bits), '' order by number
               ) || '0000000' as digits
        from timed cross join frame
    )
    select substring(int4send(count) from 3)
           || substring(int4send(gap_bits) from 4) || int8send(gap)
           || substring(int4send(duration_bits) from 4) || int8send(duration)
           || substring(int4send(length_bits) from 4) || int8send(length)
           || coalesce((
               select string_agg(substring(int4send(substring(digits from at for 8)::bit(8)::int) from 4), ''::bytea
                                 order by at)
               from generate_series(1, length(digits) - 7, 8) as at
           ), ''::bytea)
    from frame cross join written
$$;

update recordings set trailer = trailer_before(fragments), digests_sha256 = sha256(trailer_before(fragments)),
                      fragments = compacted(fragments);

drop function trailer_before, compacted;
alter table recordings alter column digests_sha256 set not null;
alter table recordings alter column fragments set storage extended;

-- vantage_storage.domain.fragment_list writes what this reads: start, duration, offset and length of each fragment
create or replace function fragment_list(start_us bigint, init_length int, packed bytea) returns jsonb
language sql immutable strict parallel safe as $$
    with list as materialized (
        select ('x' || encode(packed, 'hex'))::varbit as bits
    ), head as materialized (
        select bits, substring(bits from 1 for 16)::int as count,
               substring(bits from 17 for 8)::int as gap_bits, substring(bits from 25 for 64)::bigint as least_gap,
               substring(bits from 89 for 8)::int as duration_bits,
               substring(bits from 97 for 64)::bigint as least_duration,
               substring(bits from 161 for 8)::int as length_bits, substring(bits from 169 for 64)::bigint as least_length
        from list
    ), numbers as (
        select number, least_gap + substring(bits from at for gap_bits)::bigint as gap,
               least_duration + substring(bits from at + gap_bits for duration_bits)::bigint as duration,
               least_length + substring(bits from at + gap_bits + duration_bits for length_bits)::bigint as length
        from head cross join generate_series(0, count - 1) as number
        cross join lateral (select 233 + number * (gap_bits + duration_bits + length_bits) as at) as place
    ), fragment as (
        select number, duration, length, (sum(gap + duration) over run)::bigint as until_us,
               (sum(length) over run)::bigint as ends
        from numbers window run as (order by number)
    )
    select jsonb_agg(
        jsonb_build_array(start_us + until_us - duration, duration, init_length + ends - length, length) order by number
    )
    from fragment
$$;

-- the digests of fragments lie from `fragments_end` to `size`, or in `trailer` where that is not null
create or replace view recordings_v1 as
select recording_id, camera_id, epoch, start_us, end_us, clock, codec, width, height, bucket, object, size,
       encode(sha256, 'hex') as sha256, init_length, fragment_list(start_us, init_length, fragments) as fragments,
       gap_before, retention_class, coalesce(origin, '{"coder": "camera", "masks": []}') as origin,
       encode(digests_sha256, 'hex') as digests_sha256,
       case when trailer is null then size - 24 - 32 * (get_byte(fragments, 0) * 256 + get_byte(fragments, 1))
            else size end as fragments_end,
       trailer
from recordings where not garbage;

-- what `find_tracks_v1` asks: of each camera the newest of a label first, however many there are
create index tracks_by_label on tracks (camera_id, label, start_us);

-- The newest tracks of some cameras that begin in [from_us, to_us), of one label or of any (null). It looks at the last
-- day first, then at twice as much each time, and asks each camera for its own newest, so that the work is bounded by
-- cameras, days and `most`, and not by how much was seen.
create function find_tracks_v1(cameras text[], wanted text, from_us bigint, to_us bigint, most int)
returns setof tracks_v1 language plpgsql stable as $$
declare
    until_us bigint := to_us;
    since_us bigint;
    step_us bigint := 86400000000;
    missing int := most;
    given int;
begin
    while until_us > from_us and missing > 0 loop
        since_us := greatest(from_us, until_us - step_us);
        if wanted is null then
            return query
                select track.* from unnest(cameras) as camera cross join lateral (
                    select * from storage.tracks_v1
                    where camera_id = camera and start_us >= since_us and start_us < until_us
                    order by start_us desc limit missing
                ) as track
                order by start_us desc, track_id limit missing;
        else
            return query
                select track.* from unnest(cameras) as camera cross join lateral (
                    select * from storage.tracks_v1
                    where camera_id = camera and label = wanted and start_us >= since_us and start_us < until_us
                    order by start_us desc limit missing
                ) as track
                order by start_us desc, track_id limit missing;
        end if;
        get diagnostics given = row_count;
        missing := missing - given;
        until_us := since_us;
        step_us := least(step_us, 1000000000000000000) * 2;
    end loop;
end
$$;

do $$
begin
    if exists (select from pg_roles where rolname = 'vantage_reader') then
        grant execute on function find_tracks_v1 to vantage_reader;
    end if;
end
$$;
