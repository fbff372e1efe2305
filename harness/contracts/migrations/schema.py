"""The whole schema of a database as lines, from Postgres' catalogue, and how two of them differ.

Source: PostgreSQL documentation, System Catalogs and System Information Functions (pg_get_*def, pg_describe_object).
"""

from __future__ import annotations

from collections.abc import Collection

import psycopg
from psycopg.rows import TupleRow

from harness.database.filling.catalogue import OURS

_OWN = f"n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '{OURS}')"
_RELATION = f"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OWN}"
_OF_RELATION = f"JOIN pg_class c ON c.oid = {{}} JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OWN}"
_ACL = "(SELECT string_agg(entry::text, ', ' ORDER BY entry::text) FROM unnest({}) entry)"
_PARTS = {
    "schema": f"SELECT '', nspname, concat_ws(' ', 'owner', nspowner::regrole, {_ACL.format('nspacl')}) FROM pg_namespace n WHERE {_OWN}",
    "relation": f"""SELECT c.oid::regclass, c.relkind::text, concat_ws(' ', 'owner', c.relowner::regrole, 'persistence', c.relpersistence,
        CASE WHEN c.relrowsecurity THEN 'row level security' END, CASE WHEN c.relforcerowsecurity THEN 'forced' END, c.reloptions::text,
        'replica identity', c.relreplident, pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid),
        'inherits', (SELECT string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = c.oid))
        {_RELATION} AND c.relkind NOT IN ('i', 'I', 't', 'c')""",
    "grants": f"SELECT c.oid::regclass, '', {_ACL.format('c.relacl')} {_RELATION} AND c.relacl IS NOT NULL",
    "column": f"""SELECT c.oid::regclass, a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END,
        'default ' || pg_get_expr(d.adbin, d.adrelid), 'identity ' || nullif(a.attidentity::text, ''), 'generated ' || nullif(a.attgenerated::text, ''),
        'collation ' || nullif(a.attcollation, 0)::regcollation::text, 'storage', a.attstorage, {_ACL.format('a.attacl')}, a.attoptions::text)
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        {_OF_RELATION.format('a.attrelid')} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped""",
    "constraint": f"SELECT c.oid::regclass, o.conname, pg_get_constraintdef(o.oid) FROM pg_constraint o {_OF_RELATION.format('o.conrelid')} AND o.contype <> 'n'",
    "index": f"SELECT c.oid::regclass, x.indexrelid::regclass, pg_get_indexdef(x.indexrelid) || CASE WHEN x.indisunique AND NOT x.indisvalid THEN ' INVALID' ELSE '' END FROM pg_index x {_OF_RELATION.format('x.indrelid')}",
    "trigger": f"SELECT c.oid::regclass, t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), 'enabled', t.tgenabled) FROM pg_trigger t {_OF_RELATION.format('t.tgrelid')} AND NOT t.tgisinternal",
    "rule": f"SELECT c.oid::regclass, r.rulename, pg_get_ruledef(r.oid) FROM pg_rewrite r {_OF_RELATION.format('r.ev_class')} AND r.rulename <> '_RETURN'",
    "view": f"SELECT c.oid::regclass, '', pg_get_viewdef(c.oid) {_RELATION} AND c.relkind IN ('v', 'm')",
    "policy": f"""SELECT c.oid::regclass, p.polname, concat_ws(' ', p.polcmd, CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END, p.polroles::regrole[]::text,
        'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid)) FROM pg_policy p {_OF_RELATION.format('p.polrelid')}""",
    "sequence": f"SELECT c.oid::regclass, '', concat_ws(' ', format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle) FROM pg_sequence s {_OF_RELATION.format('s.seqrelid')}",
    "statistics": f"SELECT c.oid::regclass, s.stxname, pg_get_statisticsobjdef(s.oid) FROM pg_statistic_ext s {_OF_RELATION.format('s.stxrelid')}",
    "function": f"""SELECT '', p.oid::regprocedure, concat_ws(' ', CASE WHEN p.prokind = 'a' THEN 'aggregate' ELSE pg_get_functiondef(p.oid) END, 'owner', p.proowner::regrole, {_ACL.format('p.proacl')})
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_OWN} AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')""",
    "type": f"""SELECT '', t.oid::regtype, concat_ws(' ', t.typtype, 'owner', t.typowner::regrole, format_type(nullif(t.typbasetype, 0), t.typtypmod), CASE WHEN t.typnotnull THEN 'not null' END,
        'default ' || t.typdefault, (SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
        (SELECT string_agg(o.conname || ' ' || pg_get_constraintdef(o.oid), ', ' ORDER BY o.conname) FROM pg_constraint o WHERE o.contypid = t.oid), {_ACL.format('t.typacl')})
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE {_OWN} AND t.typtype IN ('d', 'e', 'r', 'c')
        AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind <> 'c') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')""",
    "extension": "SELECT '', extname, concat_ws(' ', extversion, extnamespace::regnamespace) FROM pg_extension",
    "event trigger": "SELECT '', evtname, concat_ws(' ', evtevent, evtfoid::regproc, evtenabled, evttags::text) FROM pg_event_trigger WHERE evtname NOT LIKE 'clerk\\_harness%'",
    "publication": "SELECT '', pubname, concat_ws(' ', puballtables, pubinsert, pubupdate, pubdelete, (SELECT string_agg(prrelid::regclass::text, ', ' ORDER BY prrelid::regclass::text) FROM pg_publication_rel WHERE prpubid = p.oid)) FROM pg_publication p",
    "default grants": f"SELECT '', concat_ws(' ', defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype), {_ACL.format('defaclacl')} FROM pg_default_acl",
    "other": f"""SELECT '', format('%s %s', i.type, i.identity), '' FROM pg_depend d CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i
        JOIN pg_namespace n ON n.oid = d.refobjid AND d.refclassid = 'pg_namespace'::regclass
        WHERE {_OWN} AND d.classid IN ('pg_collation'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_conversion'::regclass, 'pg_ts_config'::regclass, 'pg_ts_dict'::regclass)""",
    "cast": "SELECT '', concat_ws(' ', castsource::regtype, 'as', casttarget::regtype), concat_ws(' ', castfunc::regproc, castcontext) FROM pg_cast WHERE oid >= 16384",
    "comment": f"""SELECT '', format('%s %s', i.type, i.identity), d.description FROM pg_description d CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i
        WHERE i.schema IS NULL OR (i.schema !~ '^pg_' AND i.schema NOT IN ('information_schema', '{OURS}'))""",
}  # fmt: skip
"""By kind of object: the table it is on, its name, and what it is."""


def schema_of(connection: psycopg.Connection[TupleRow], books: Collection[str]) -> list[str]:
    """The schema, a sorted line for each object and each part of one. `books`: the migrator's own tables.

    Names of the current schema stand alone, others with their schema in front, as Postgres writes them.
    """
    kept = {book.rpartition(".")[2] for book in books}
    lines = []
    for kind, statement in _PARTS.items():
        for table, name, what in connection.execute(statement.encode()):
            own = {str(table), str(name)} if kind in ("relation", "constraint", "index", "column") else {str(table)}
            if not own & (set(books) | kept):
                lines.append(" ".join(f"{kind} {table} {name}".split()) + ": " + " ".join(str(what or "").split()))
    return sorted(lines)


def patch_of(before: list[str], after: list[str]) -> list[str]:
    """What differs: each line that is gone with `- ` in front, each new one with `+ `, what belongs together side by side."""
    gone, new = set(before) - set(after), set(after) - set(before)
    lines = [(line, f"- {line}") for line in gone] + [(line, f"+ {line}") for line in new]
    return [
        marked
        for line, marked in sorted(lines, key=lambda pair: (pair[0].partition(": ")[0], pair[1][0] == "+", pair[0]))
    ]
