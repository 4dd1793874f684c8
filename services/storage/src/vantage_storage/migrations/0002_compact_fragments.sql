-- The digests of fragments are in the recording's object; the index keeps the digest of their list.

alter table recordings add column origin jsonb;
alter table recordings add column digests_sha256 bytea;
-- marked for erasure: its object may be gone already, so no view shows it
alter table recordings add column garbage boolean not null default false;
