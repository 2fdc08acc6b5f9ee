-- The floor of a fingerprint: one hash over all relations, set by set, in a text that nobody has to read. PostgreSQL 15 or newer.
with ns as materialized (select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname<>'information_schema'),
ext as materialized (select objid from pg_depend where deptype='e' and classid='pg_class'::regclass),
rel as materialized (select c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.reloptions, c.relispartition, c.relpartbound, c.relacl, c.relowner
  from pg_class c join ns n on n.oid=c.relnamespace where c.relkind in ('r','p','v','m','f','c') and c.oid not in (select objid from ext)),
att as materialized (select a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.atthasdef, a.attgenerated, a.attidentity, a.attcollation, a.attislocal, a.attacl, a.attstorage, a.attcompression
  from pg_attribute a join rel r on r.oid=a.attrelid where a.attnum>0 and not a.attisdropped),
ty as materialized (select x.*, format_type(atttypid,atttypmod) n from (select distinct atttypid,atttypmod from att) x),
idq as materialized (select d.refobjid, d.refobjsubid, concat_ws(',',s.seqstart,s.seqincrement,s.seqmin,s.seqmax,s.seqcache,s.seqcycle) p
  from pg_sequence s join pg_depend d on d.classid='pg_class'::regclass and d.objid=s.seqrelid and d.refclassid='pg_class'::regclass and d.deptype='i'),
coltxt as (select a.attrelid oid, string_agg(concat_ws(' ', quote_ident(a.attname), ty.n, case when a.attnotnull then 'nn' end,
     case when a.atthasdef then case when a.attgenerated='' then 'def ' else 'gen ' end || pg_get_expr(d.adbin, case when a.attgenerated='' then 0 else a.attrelid end) end,
     case when a.attidentity<>'' then 'id '||a.attidentity::text||' '||q.p end,
     case when a.attcollation<>t.typcollation then 'coll '||a.attcollation::regcollation::text end, case when not a.attislocal then 'inh' end, a.attacl::text,
     case when a.attstorage<>t.typstorage then 'stor '||a.attstorage::text end, nullif(a.attcompression::text,'')), E'\n' order by a.attname collate "C") txt
   from att a join ty on ty.atttypid=a.atttypid and ty.atttypmod=a.atttypmod join pg_type t on t.oid=a.atttypid
   left join pg_attrdef d on d.adrelid=a.attrelid and d.adnum=a.attnum left join idq q on q.refobjid=a.attrelid and q.refobjsubid=a.attnum group by 1),
ck as (select c.oid, string_agg(a.attname, ',' order by k.o) cols from pg_constraint c join rel r on r.oid=c.conrelid cross join lateral unnest(c.conkey) with ordinality k(n,o) join att a on a.attrelid=c.conrelid and a.attnum=k.n
   where c.contype in ('p','u','f') group by 1),
fk as (select c.oid, string_agg(a.attname, ',' order by k.o) cols from pg_constraint c cross join lateral unnest(c.confkey) with ordinality k(n,o) join att a on a.attrelid=c.confrelid and a.attnum=k.n where c.contype='f' group by 1),
contxt as (select c.conrelid oid, string_agg(concat_ws(' ', quote_ident(c.conname), c.contype, ck.cols, fr.nspname||'.'||fr.relname, fk.cols, case when c.contype='f' then c.confupdtype::text||c.confdeltype::text||c.confmatchtype::text end,
     case when c.contype in ('c','x') then pg_get_constraintdef(c.oid) end, case when c.condeferrable then 'dfr' end, case when c.condeferred then 'dfd' end, case when not c.convalidated then 'nv' end, case when not c.conislocal then 'inh' end), E'\n' order by c.conname collate "C") txt
   from pg_constraint c join rel r on r.oid=c.conrelid left join ck on ck.oid=c.oid left join fk on fk.oid=c.oid left join rel fr on fr.oid=c.confrelid where c.contype in ('p','u','f','c','x') group by 1),
cidx as materialized (select conindid from pg_constraint where contype in ('p','u','x')),
idx as materialized (select i.indexrelid, i.indrelid, i.indkey, i.indclass, i.indcollation, i.indoption, i.indnkeyatts, i.indisunique, i.indnullsnotdistinct, i.indisvalid, i.indexprs is not null or i.indpred is not null x, ic.relname, ic.relam, ic.reloptions
   from pg_index i join rel r on r.oid=i.indrelid join pg_class ic on ic.oid=i.indexrelid where i.indexrelid not in (select conindid from cidx)),
ik as (select i.indexrelid, string_agg(concat_ws(' ', a.attname, o.opcname, nullif(i.indcollation[k.p-1],0)::regcollation::text, nullif(i.indoption[k.p-1],0)), ',' order by k.p) cols
   from idx i cross join lateral unnest(i.indkey::int2[]) with ordinality k(n,p) join att a on a.attrelid=i.indrelid and a.attnum=k.n left join pg_opclass o on o.oid = case when k.p<=i.indnkeyatts then i.indclass[k.p-1] end where not i.x group by 1),
idxtxt as (select i.indrelid oid, string_agg(concat_ws(' ', quote_ident(i.relname), am.amname, case when i.indisunique then 'u' end, case when i.indnullsnotdistinct then 'nnd' end, ik.cols, case when i.x then pg_get_indexdef(i.indexrelid) end, i.reloptions::text, case when not i.indisvalid then 'invalid' end), E'\n' order by i.relname collate "C") txt
   from idx i join pg_am am on am.oid=i.relam left join ik on ik.indexrelid=i.indexrelid group by 1),
trgtxt as (select t.tgrelid oid, string_agg(concat_ws(' ', t.tgname, t.tgenabled, pg_get_triggerdef(t.oid)), E'\n' order by t.tgname collate "C") txt from pg_trigger t where not tgisinternal group by 1),
poltxt as (select p.polrelid oid, string_agg(concat_ws(' ', p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[]::text, pg_get_expr(p.polqual,p.polrelid), pg_get_expr(p.polwithcheck,p.polrelid)), E'\n' order by p.polname collate "C") txt from pg_policy p group by 1),
obj as materialized (select r.nspname, r.relname, r.relkind, concat_ws(E'\n--\n', concat_ws(' ', r.relkind, r.relpersistence, case when r.relrowsecurity then 'rls' end, case when r.relforcerowsecurity then 'frls' end, r.relreplident, r.reloptions::text,
     pg_get_userbyid(r.relowner), r.relacl::text, case when r.relkind='p' then pg_get_partkeydef(r.oid) end, case when r.relispartition then pg_get_expr(r.relpartbound,0) end), case when r.relkind in ('v','m') then pg_get_viewdef(r.oid) end, c.txt, k.txt, i.txt, t.txt, p.txt) txt
   from rel r left join coltxt c on c.oid=r.oid left join contxt k on k.oid=r.oid left join idxtxt i on i.oid=r.oid left join trgtxt t on t.oid=r.oid left join poltxt p on p.oid=r.oid),
hsh as materialized (select nspname, relname, relkind, txt, sha256(convert_to(txt,'UTF8')) h from obj)
select encode(sha256(string_agg(nspname::bytea||'\x00'::bytea||relname::bytea||h, ''::bytea order by nspname collate "C", relname collate "C")),'hex') from hsh