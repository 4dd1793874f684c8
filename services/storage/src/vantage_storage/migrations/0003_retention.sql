-- How long each class of recording is kept, the history of that, and the receipts of what was erased.

-- a version names the days of every class; it is never changed, and the highest in force is today's
create table policies (
    version int primary key,
    in_force_us bigint not null,
    days jsonb not null,
    decision_id text not null unique,
    requester text not null,
    approver text not null,
    reason text not null
);

insert into policies values (1, 0, '{"standard": 31}', 'installation', 'installation', 'installation',
                             'the period that the scheme publishes');

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

create index receipts_to_publish on receipts (at_us) where not published;

-- footage that two persons ordered to be destroyed before its time
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
    done_us bigint,
    check (requester <> approver),
    check (from_us < to_us)
);
