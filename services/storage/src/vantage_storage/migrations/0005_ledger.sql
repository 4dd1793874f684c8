-- Seconds owed and seconds recorded, by camera and day, and the cause of each that is missing.

-- what cameras.v1 has said of each camera, so that what was owed on a day is known later
create table camera_states (
    camera_id text not null,
    revision int not null,
    changed_us bigint not null,
    state text not null,
    authority_expires_us bigint not null,
    primary key (camera_id, revision)
);

create table ledger_days (
    camera_id text not null,
    day int not null,
    owed_us bigint not null,
    recorded_us bigint not null,
    explained_us bigint not null,
    unexplained_us bigint not null,
    counted_us bigint not null,
    primary key (camera_id, day)
);

create table gaps (
    camera_id text not null,
    start_us bigint not null,
    end_us bigint not null,
    cause text not null,
    detail text not null default '',
    primary key (camera_id, start_us)
);
