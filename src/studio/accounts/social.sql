-- What the store of social accounts says to the database. Tokens come sealed, and go to no list.

-- name: create_social_account
-- Add an account on a platform.
insert into social_accounts (
    user_id, platform, account_id, account_name, access_token, refresh_token, token_expiry,
    is_active, metadata
)
values (
    %(user_id)s, %(platform)s, %(account_id)s, %(account_name)s, %(access_token)s,
    %(refresh_token)s, %(token_expiry)s, %(is_active)s, %(metadata)s
)
returning
    id, platform, account_id, account_name, access_token is not null as has_access_token,
    refresh_token is not null as has_refresh_token, token_expiry, is_active, metadata,
    created_at, updated_at;

-- name: list_social_accounts
-- Some of a user's accounts on platforms, the newest first, after a place.
select
    id, platform, account_id, account_name, access_token is not null as has_access_token,
    refresh_token is not null as has_refresh_token, token_expiry, is_active, metadata,
    created_at, updated_at
from social_accounts
where user_id = %(user_id)s
    and (
        %(after_at)s::timestamptz is null
        or (created_at, id) < (%(after_at)s::timestamptz, %(after_id)s::bigint)
    )
order by created_at desc, id desc
limit %(limit)s;

-- name: find_social_account
-- An account of a user on a platform.
select
    id, platform, account_id, account_name, access_token is not null as has_access_token,
    refresh_token is not null as has_refresh_token, token_expiry, is_active, metadata,
    created_at, updated_at
from social_accounts
where id = %(social_account_id)s
    and user_id = %(user_id)s;

-- name: write_social_account
-- Change an account on a platform; what is not named stays. Its natural key seals its tokens, and never changes.
update social_accounts
set account_name = case when %(set_account_name)s then %(account_name)s::text else account_name end,
    access_token = case when %(set_access_token)s then %(access_token)s::text else access_token end,
    refresh_token = case
        when %(set_refresh_token)s then %(refresh_token)s::text
        else refresh_token
    end,
    token_expiry = case
        when %(set_token_expiry)s then %(token_expiry)s::timestamptz
        else token_expiry
    end,
    is_active = case when %(set_is_active)s then %(is_active)s::boolean else is_active end,
    metadata = case when %(set_metadata)s then %(metadata)s::jsonb else metadata end
where id = %(social_account_id)s
    and user_id = %(user_id)s
returning
    id, platform, account_id, account_name, access_token is not null as has_access_token,
    refresh_token is not null as has_refresh_token, token_expiry, is_active, metadata,
    created_at, updated_at;

-- name: delete_social_account
-- Forget an account on a platform, and its tokens.
delete from social_accounts
where id = %(social_account_id)s
    and user_id = %(user_id)s;
