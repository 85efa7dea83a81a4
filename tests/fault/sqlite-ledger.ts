import { DatabaseSync } from 'node:sqlite'

// The ledger is the harness's own: triggers write it in the transaction of the state, whoever writes the state.
const LEDGER = `
CREATE TABLE fault_commit(uuid TEXT NOT NULL) STRICT;
CREATE TRIGGER fault_insert AFTER INSERT ON state WHEN NEW.state IN ('SUCCESS', 'FAILURE')
  BEGIN INSERT INTO fault_commit VALUES (NEW.uuid); END;
CREATE TRIGGER fault_update AFTER UPDATE ON state WHEN NEW.state IN ('SUCCESS', 'FAILURE')
  BEGIN INSERT INTO fault_commit VALUES (NEW.uuid); END;
`

/** Every terminal state that was written to a file. */
export interface SqliteLedger {
  /** How often, by UUID. */
  commits(): ReadonlyMap<string, number>
  close(): void
}

/** Begins a ledger in the file of a store, which is there already. */
export function sqliteLedger(path: string): SqliteLedger {
  const db = new DatabaseSync(path)
  db.exec(LEDGER)
  return {
    commits: () =>
      new Map(
        db
          .prepare('SELECT uuid, count(*) AS commits FROM fault_commit GROUP BY uuid')
          .all()
          .map((row) => [String(row['uuid']), Number(row['commits'])]),
      ),
    close: () => db.close(),
  }
}
