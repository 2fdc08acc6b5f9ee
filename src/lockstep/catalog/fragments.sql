-- name: ident
-- A name on one line, quoted unless it is plain. quote_ident knows most plain names, and fast; it also quotes the words of SQL.
CASE WHEN quote_ident($1) = $1 OR $1 ~ '^[a-z_][a-z0-9_$]*$' THEN $1::text ELSE '"' || replace(replace(replace(replace($1::text, '"', '""'), E'\\', E'\\\\'), E'\n', E'\\n'), E'\r', E'\\r') || '"' END

-- name: json
-- A JSON string.
to_json($1)::text

-- name: text
-- A text that the server writes anew: where it finds nothing, what it is the text of was dropped while we read.
coalesce(to_json($1)::text, {torn})

-- name: list
-- A JSON array of strings, sorted.
CASE WHEN $1 IS NOT NULL THEN (SELECT '[' || string_agg(to_json(e.x)::text, ', ' ORDER BY e.x COLLATE "C") || ']' FROM unnest($1) e (x)) END

-- name: true
-- true, or nothing.
CASE WHEN $1 THEN 'true' END

-- name: proc
-- A function's qualified name.
CASE WHEN $1 <> 0 THEN (SELECT to_json(IDENT(fns.nspname) || '.' || IDENT(fn.proname))::text FROM pg_proc fn JOIN pg_namespace fns ON fns.oid = fn.pronamespace WHERE fn.oid = $1::oid) END

-- name: own
-- Not a part of an extension.
$2 NOT IN (SELECT m.objid FROM member m WHERE m.classid = '$1'::regclass)

-- name: name
-- A qualified name.
IDENT($1) || '.' || IDENT($2)

-- name: relation
-- A relation's qualified name, whosever it is.
(SELECT {name:rn.nspname:rc.relname} FROM pg_class rc JOIN pg_namespace rn ON rn.oid = rc.relnamespace WHERE rc.oid = $1)

-- name: routine
-- A function's qualified name with the types of its input.
IDENT($1) || '.' || IDENT($2.proname) || '.' || IDENT((SELECT coalesce(string_agg(format_type(u.t, NULL), ', ' ORDER BY u.o), '') FROM unnest($2.proargtypes::oid[]) WITH ORDINALITY u (t, o)))

-- name: arguments
-- The arguments of a function as PostgreSQL 14 and later write them, which fails on no type that was dropped meanwhile.
(
    SELECT string_agg(CASE u.mode WHEN 'b' THEN 'INOUT ' WHEN 'o' THEN 'OUT ' WHEN 'v' THEN 'VARIADIC ' ELSE CASE $1.prokind WHEN 'p' THEN 'IN ' ELSE '' END END
        || coalesce(quote_ident(nullif(u.name, '')) || ' ', '') || format_type(u.type, NULL)
        || coalesce(' DEFAULT ' || pg_get_function_arg_default($1.oid, u.o::int), ''), ', ' ORDER BY u.o)
    FROM unnest(coalesce($1.proallargtypes, $1.proargtypes::oid[]), $1.proargmodes, $1.proargnames) WITH ORDINALITY u (type, mode, name, o)
    WHERE u.mode IS DISTINCT FROM 't'
)

-- name: result
-- What a function returns; a procedure returns nothing.
CASE WHEN $1.prokind <> 'p' THEN coalesce(
    'TABLE(' || CASE WHEN $1.proretset AND 't' = ANY ($1.proargmodes) THEN (
        SELECT string_agg(coalesce(quote_ident(nullif(u.name, '')) || ' ', '') || format_type(u.type, NULL), ', ' ORDER BY u.o)
        FROM unnest($1.proallargtypes, $1.proargmodes, $1.proargnames) WITH ORDINALITY u (type, mode, name, o) WHERE u.mode = 't'
    ) END || ')',
    CASE WHEN $1.proretset THEN 'SETOF ' ELSE '' END || format_type($1.prorettype, NULL)
) END

-- name: operands
-- The types of an operator's operands.
concat_ws(', ', CASE WHEN $1.oprleft <> 0 THEN format_type($1.oprleft, NULL) ELSE 'NONE' END, CASE WHEN $1.oprright <> 0 THEN format_type($1.oprright, NULL) ELSE 'NONE' END)

-- name: operator
-- An operator's qualified name with its operands, unless there is none.
CASE WHEN $1 <> 0 THEN (
    SELECT JSON({name:xn.nspname:xo.oprname} || '.' || IDENT({operands:xo})) FROM pg_operator xo JOIN pg_namespace xn ON xn.oid = xo.oprnamespace WHERE xo.oid = $1
) END

-- name: collation
-- A collation's qualified name.
(SELECT JSON(IDENT(cn.nspname) || '.' || IDENT(co.collname)) FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = $1)

-- name: columns
-- The names of columns, by their numbers, in this order.
(SELECT '[' || string_agg(JSON(a.attname), ', ' ORDER BY u.o) || ']' FROM unnest($2) WITH ORDINALITY u (n, o) JOIN pg_attribute a ON a.attrelid = $1 AND a.attnum = u.n)

-- name: columns_sorted
-- The names of columns, by their numbers, sorted.
(SELECT '[' || string_agg(JSON(a.attname), ', ' ORDER BY a.attname COLLATE "C") || ']' FROM unnest($2) u (n) JOIN pg_attribute a ON a.attrelid = $1 AND a.attnum = u.n)

-- name: action
-- What a foreign key does.
CASE $1 WHEN 'c' THEN '"cascade"' WHEN 'n' THEN '"set null"' WHEN 'd' THEN '"set default"' WHEN 'r' THEN '"restrict"' END

-- name: storage
-- How a column's values are kept.
CASE $1 WHEN 'p' THEN '"plain"' WHEN 'e' THEN '"external"' WHEN 'm' THEN '"main"' ELSE '"extended"' END

-- name: bare_relation_type
-- What a relation is called in an address.
CASE $1.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'composite type' ELSE 'table' END

-- name: relation_type
-- The same, as a name.
CASE $1.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN '"materialized view"' WHEN 'f' THEN '"foreign table"' WHEN 'c' THEN '"composite type"' ELSE 'table' END

-- name: options
-- What is not a sequence's default.
'{' || concat_ws(', ',
    CASE WHEN $1.seqcache <> 1 THEN '"cache": ' || $1.seqcache END,
    CASE WHEN $1.seqcycle THEN '"cycle": true' END,
    CASE WHEN $1.seqincrement <> 1 THEN '"increment": ' || $1.seqincrement END,
    CASE WHEN $1.seqmax <> CASE WHEN $1.seqincrement < 0 THEN -1 ELSE {greatest:$1} END THEN '"max": ' || $1.seqmax END,
    CASE WHEN $1.seqmin <> CASE WHEN $1.seqincrement > 0 THEN 1 ELSE -{greatest:$1} - 1 END THEN '"min": ' || $1.seqmin END,
    CASE WHEN $1.seqstart <> CASE WHEN $1.seqincrement > 0 THEN $1.seqmin ELSE $1.seqmax END THEN '"start": ' || $1.seqstart END
) || '}'

-- name: greatest
-- The greatest number of a sequence's type.
CASE $1.seqtypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647 ELSE 9223372036854775807 END

-- name: free
-- The table can be opened at once.
$1 NOT IN (SELECT l.relation FROM locked l)

-- name: free_rule
-- So can all that a view or a rule reads.
$1 NOT IN (
    SELECT fw.ev_class FROM locked fl JOIN pg_depend fd ON fd.refobjid = fl.relation AND fd.refclassid = 'pg_class'::regclass AND fd.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite fw ON fw.oid = fd.objid
)

-- name: free_routine
-- So can all that a function's body reads.
$1 NOT IN (
    SELECT fd.objid FROM locked fl JOIN pg_depend fd ON fd.refobjid = fl.relation AND fd.refclassid = 'pg_class'::regclass AND fd.classid = 'pg_proc'::regclass
)

-- name: free_policy
-- So can all that a policy reads.
($1.polrelid NOT IN (SELECT l.relation FROM locked l) AND $1.oid NOT IN (
    SELECT fd.objid FROM locked fl JOIN pg_depend fd ON fd.refobjid = fl.relation AND fd.refclassid = 'pg_class'::regclass AND fd.classid = 'pg_policy'::regclass
))

-- name: unread
-- The mark of a text that was not read. The server's own texts hold no such character.
E'"\\u0001unread"'

-- name: torn
-- The mark of a text that is not there any more.
E'"\\u0001torn"'

-- name: rows
-- The rows of a catalog, as one text: where each lies, who wrote it, and the object that it is about.
count(*) || ':' || coalesce(sum(hashtidextended(x.ctid, ($1::int8 << 32) | x.xmin::text::int8)), 0)
