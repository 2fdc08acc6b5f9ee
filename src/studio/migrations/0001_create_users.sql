-- People who sign in. Everything else belongs to one of them and goes when they go.
-- The first table brings the function that keeps updated_at true on every table.

create or replace function set_updated_at() returns trigger
language plpgsql
as $$
begin
    new.updated_at := now();
    return new;
end
$$;

create table if not exists users (
    id text not null default gen_random_uuid()::text,
    email text not null,
    -- A hash in its own notation ($argon2id$...): a password in clear text is refused.
    password text,
    first_name text,
    last_name text,
    profile_image_url text,
    is_active boolean not null default true,
    role text not null default 'user',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint users_pkey primary key (id),
    constraint users_email_check check (email like '_%@_%'),
    constraint users_password_check check (password ~ '^[$][a-z0-9-]+[$]'),
    constraint users_role_check check (role in ('user', 'admin'))
);

create unique index if not exists users_email_key on users (lower(email));

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'users'::regclass
            and tgname = 'users_set_updated_at'
            and not tgisinternal
    ) then
        create trigger users_set_updated_at
            before update on users
            for each row execute function set_updated_at();
    end if;
end
$$;
