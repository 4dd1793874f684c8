-- What must not go on time, under whose authority and until when; and the copies that are kept for it.

create table holds (
    hold_id text primary key,
    kind text not null check (kind in ('case', 'access-request', 'court')),
    case_ref text not null check (case_ref <> ''),
    authority text not null check (authority <> ''),
    cameras text[] not null check (cardinality(cameras) > 0),
    from_us bigint not null,
    to_us bigint not null,
    ends_us bigint not null,
    requester text not null check (requester <> ''),
    approver text not null,
    placed_us bigint not null,
    ended_us bigint,
    end_reason text not null default '',
    key_destroyed_us bigint,
    gone_us bigint,
    check (from_us < to_us),
    check (placed_us < ends_us),
    check (lower(approver) <> lower(requester)),
    check (approver <> '' or kind = 'access-request'),
    check (gone_us is null or ended_us is not null)
);

create index holds_not_gone on holds (ends_us) where gone_us is null;

-- what each decision of the gateway did and was answered, so that it is done once
create table hold_decisions (
    decision_id text primary key,
    hold_id text not null references holds,
    command jsonb not null,
    answer jsonb not null,
    at_us bigint not null
);

-- a copy in `evidence`: writing -> stored -> garbage -> gone (no row); it carries what the index said of the original
create table evidence (
    hold_id text not null references holds,
    camera_id text not null,
    start_us bigint not null,
    epoch bigint not null,
    end_us bigint not null,
    state text not null check (state in ('writing', 'stored', 'garbage')),
    recording_id text not null,
    clock jsonb not null,
    codec text not null,
    width int not null,
    height int not null,
    bucket text not null,
    object text not null,
    version text,
    size bigint not null,
    sha256 bytea not null,
    init_length int not null,
    fragments bytea not null,
    digests_sha256 bytea not null,
    trailer bytea,
    gap_before jsonb,
    origin jsonb,
    retention_class text not null,
    locked_until_us bigint,
    -- when somebody last began to write it: a put of then may still be under way
    claimed_us bigint not null,
    -- why it could not be copied when it was last tried
    failure text not null default '',
    failed_us bigint,
    primary key (hold_id, camera_id, start_us, epoch),
    check (state <> 'stored' or (version is not null and locked_until_us is not null))
);

create index evidence_of_recording on evidence (camera_id, start_us, epoch);
create index evidence_to_do on evidence (state, start_us) where state <> 'stored';
create index evidence_locks on evidence (locked_until_us) where state = 'stored';

-- versions in `evidence` that are no row's: an interrupted write was repeated, or somebody else wrote there
create table evidence_extras (
    object text not null,
    version text not null,
    hold_id text not null references holds,
    locked_until_us bigint not null,
    primary key (object, version)
);

-- whether a recording may not be erased yet: a hold stands against it whose own copy is not stored
create function is_held(recorded_by text, recorded_start bigint, recorded_end bigint, recorded_epoch bigint)
returns boolean language sql stable as $$
    select exists (
        select from storage.holds as hold
        where recorded_by = any(hold.cameras) and hold.ended_us is null
          and recorded_start < hold.to_us and recorded_end > hold.from_us
          and not exists (
              select from storage.evidence as copy
              where (copy.hold_id, copy.camera_id, copy.start_us, copy.epoch)
                  = (hold.hold_id, recorded_by, recorded_start, recorded_epoch) and copy.state = 'stored'
          )
    )
$$;

-- what is kept for a hold, as recordings_v1 shows what is kept by the policy; `version` names the bytes in the bucket
create view evidence_v1 as
select copy.hold_id, hold.kind, hold.case_ref, copy.recording_id, copy.camera_id, copy.epoch, copy.start_us, copy.end_us,
       copy.clock, copy.codec, copy.width, copy.height, copy.bucket, copy.object, copy.version, copy.size,
       encode(copy.sha256, 'hex') as sha256, copy.init_length,
       fragment_list(copy.start_us, copy.init_length, copy.fragments) as fragments, copy.gap_before,
       copy.retention_class, coalesce(copy.origin, '{"coder": "camera", "masks": []}') as origin,
       encode(copy.digests_sha256, 'hex') as digests_sha256,
       case when copy.trailer is null
            then copy.size - 24 - 32 * (get_byte(copy.fragments, 0) * 256 + get_byte(copy.fragments, 1))
            else copy.size end as fragments_end,
       copy.trailer
from evidence as copy join holds as hold using (hold_id)
where copy.state = 'stored';

create view holds_v1 as
select hold_id, kind, case_ref, authority, cameras, from_us, to_us, placed_us, ends_us, ended_us, end_reason, gone_us,
       requester, approver
from holds;

do $$
begin
    if exists (select from pg_roles where rolname = 'vantage_reader') then
        grant select on evidence_v1, holds_v1 to vantage_reader;
    end if;
end
$$;
