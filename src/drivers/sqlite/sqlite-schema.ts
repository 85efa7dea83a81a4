import type { DatabaseSync } from 'node:sqlite'

import { MachineryError } from '../../core/errors.ts'

/** Version of the tables below, kept in `PRAGMA user_version`. */
export const SCHEMA_VERSION = 3

/** Marks the file as ours in `PRAGMA application_id`: the bytes "MqTS". */
const APPLICATION_ID = 0x4d715453

// Instants are epoch milliseconds. What waits, what is delayed and what is dead lie in tables of their own, so that
// neither a million delayed nor a million dead messages make a claim slower. Ids of consumers and dead letters are never
// reused, since other processes and people remember them.
const TABLES = `
CREATE TABLE queue(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE message(
  id INTEGER PRIMARY KEY,
  queue INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  deliveries INTEGER NOT NULL,
  published_at INTEGER NOT NULL,
  owner INTEGER,
  handover INTEGER,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX message_ready ON message(queue, priority DESC) WHERE owner IS NULL;
CREATE INDEX message_held ON message(owner, queue) WHERE owner IS NOT NULL;

CREATE TABLE delayed(
  id INTEGER PRIMARY KEY,
  queue INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  deliveries INTEGER NOT NULL,
  published_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX delayed_in_queue ON delayed(queue, due_at);
CREATE INDEX delayed_due ON delayed(due_at);

CREATE TABLE dead(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  queue INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  deliveries INTEGER NOT NULL,
  published_at INTEGER NOT NULL,
  dead_at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX dead_in_queue ON dead(queue);

CREATE TABLE consumer(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session TEXT NOT NULL,
  beat INTEGER NOT NULL,
  lease_ms INTEGER NOT NULL,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  process_start TEXT NOT NULL
) STRICT;

CREATE TABLE state(
  id INTEGER PRIMARY KEY,
  uuid TEXT NOT NULL UNIQUE,
  task_name TEXT NOT NULL,
  state TEXT NOT NULL,
  results TEXT,
  error TEXT,
  created_at TEXT NOT NULL,
  retry_at INTEGER,
  token TEXT,
  begins INTEGER NOT NULL,
  intents INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX state_expiry ON state(expires_at);

CREATE TABLE intent(
  state_id INTEGER NOT NULL,
  digest TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY(state_id, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE task_group(
  id INTEGER PRIMARY KEY,
  uuid TEXT NOT NULL UNIQUE,
  created_at TEXT NOT NULL,
  owner TEXT,
  triggered INTEGER NOT NULL,
  finished INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX task_group_expiry ON task_group(expires_at);

-- Apart from task_group, whose row every finish rewrites: this may be large.
CREATE TABLE group_order(
  group_id INTEGER PRIMARY KEY,
  task_uuids TEXT NOT NULL
) STRICT;

CREATE TABLE group_member(
  group_id INTEGER NOT NULL,
  uuid TEXT NOT NULL,
  outcome TEXT NOT NULL,
  PRIMARY KEY(group_id, uuid)
) STRICT, WITHOUT ROWID;

CREATE TABLE lock(
  key TEXT PRIMARY KEY,
  expires_at_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`

/** What version 2 added. */
const SCHEDULE_TABLES = `
CREATE TABLE schedule(
  name TEXT PRIMARY KEY,
  spec TEXT NOT NULL,
  options TEXT NOT NULL,
  last_tick_at INTEGER NOT NULL,
  has_fired INTEGER NOT NULL,
  is_paused INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  tick_at INTEGER NOT NULL,
  fired_at INTEGER NOT NULL,
  payload BLOB NOT NULL,
  UNIQUE(name, tick_at)
) STRICT;
CREATE INDEX outbox_fired ON outbox(fired_at);
`

/** What version 3 added. */
const CONTROL_TABLE = `
CREATE TABLE control(
  area TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  expires_at INTEGER,
  PRIMARY KEY(area, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX control_expiry ON control(expires_at) WHERE expires_at IS NOT NULL;
`

/** What each version added, the first one first. */
const STEPS: readonly string[] = [TABLES, SCHEDULE_TABLES, CONTROL_TABLE]

const pragma = (db: DatabaseSync, name: string): number => Number(db.prepare(`PRAGMA ${name}`).get()?.[name])

/**
 * Makes the tables in a new file, adds what is missing in one of an earlier version, and checks the others. Safe when several processes do it at once.
 * @throws `ERR_STORE_FAILED` when the file belongs to another program, or to a later version of this one
 */
export function prepareSchema(db: DatabaseSync, path: string): void {
  if (isCurrent(db, path)) return
  inTransaction(db, 'BEGIN IMMEDIATE', () => {
    if (hasCurrentTables(db, path)) return
    for (const step of STEPS.slice(pragma(db, 'user_version'))) db.exec(step)
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
  })
}

/**
 * Whether the tables are there; false in a file without any, and in one of an earlier version.
 * @throws as `prepareSchema`
 */
export function isCurrent(db: DatabaseSync, path: string): boolean {
  // Another process may be making them.
  return inTransaction(db, 'BEGIN', () => hasCurrentTables(db, path))
}

function inTransaction<T>(db: DatabaseSync, begin: 'BEGIN' | 'BEGIN IMMEDIATE', run: () => T): T {
  db.exec(begin)
  try {
    const value = run()
    db.exec('COMMIT')
    return value
  } finally {
    if (db.isTransaction) db.exec('ROLLBACK')
  }
}

function hasCurrentTables(db: DatabaseSync, path: string): boolean {
  const [applicationId, version] = [pragma(db, 'application_id'), pragma(db, 'user_version')]
  if (applicationId === APPLICATION_ID && version === SCHEMA_VERSION) return true
  const details = { path, version, supported: SCHEMA_VERSION }
  if (applicationId === APPLICATION_ID && version < SCHEMA_VERSION) return false
  if (applicationId === APPLICATION_ID) {
    const text = `${path} has version ${version} of the tables and this release knows version ${SCHEMA_VERSION}; update machinery-ts`
    throw new MachineryError('ERR_STORE_FAILED', text, { details })
  }
  const tables = Number(db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables'])
  if (tables === 0) return false
  const text = `${path} is the database of another program; use a file of its own for the queue`
  throw new MachineryError('ERR_STORE_FAILED', text, { details })
}
