-- What each check of the store found (`vantage-storage fsck`), so that the last one can be shown as metrics.

create table checks (
    check_id bigint generated always as identity primary key,
    began_us bigint not null,
    ended_us bigint not null,
    -- whether it was of the whole cell: one of some cameras or days says nothing of the rest
    whole boolean not null,
    seed text not null,
    counts jsonb not null,
    disagreements jsonb not null
);

create index checks_whole on checks (ended_us) where whole;
