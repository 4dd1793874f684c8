-- What must not go on time, under whose authority and until when; and the copies that are kept for it.

create table holds (
    hold_id text primary key,
    decision_id text not null unique,
    kind text not null check (kind in ('case', 'access-request', 'court')),
    case_ref text not null,
    authority text not null,
    cameras text[] not null,
    from_us bigint not null,
    to_us bigint not null,
    ends_us bigint not null,
    requester text not null,
    approver text,
    placed_us bigint not null,
    ended_us bigint,
    end_reason text not null default '',
    gone_us bigint,
    check (from_us < to_us),
    check (approver is null or approver <> requester),
    check (approver is not null or kind = 'access-request')
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
    digests_sha256 bytea,
    gap_before jsonb,
    origin jsonb,
    retention_class text not null,
    locked_until_us bigint,
    primary key (hold_id, camera_id, start_us, epoch)
);

create index evidence_of_recording on evidence (camera_id, start_us, epoch);

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
