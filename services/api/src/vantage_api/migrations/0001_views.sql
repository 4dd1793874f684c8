-- A view outlives the process that gave it, so that a link that was given goes on working.
create table views (
    view_id    text primary key,
    subject    text   not null,
    camera_id  text   not null,
    kind       text   not null check (kind in ('live', 'recorded')),
    purpose    text   not null,
    case_id    text   not null,
    created_us bigint not null,
    expires_us bigint not null,
    from_us    bigint not null,
    to_us      bigint not null
);
create index views_expires on views (expires_us);
