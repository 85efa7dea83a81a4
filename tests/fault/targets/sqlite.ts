import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { sqliteStore } from '../../../src/drivers/sqlite/index.ts'
import type { FaultTarget } from '../fault-target.ts'

// The ledger is the harness's own: triggers write it in the transaction of the state, whoever writes the state.
const LEDGER = `
CREATE TABLE fault_commit(uuid TEXT NOT NULL) STRICT;
CREATE TRIGGER fault_insert AFTER INSERT ON state WHEN NEW.state IN ('SUCCESS', 'FAILURE')
  BEGIN INSERT INTO fault_commit VALUES (NEW.uuid); END;
CREATE TRIGGER fault_update AFTER UPDATE ON state WHEN NEW.state IN ('SUCCESS', 'FAILURE')
  BEGIN INSERT INTO fault_commit VALUES (NEW.uuid); END;
`

/** One file, with a ledger of all terminal writes. */
export const target: FaultTarget = {
  async prepare({ folder, leaseMs }) {
    const path = join(folder, 'fault.db')
    const url = `sqlite:${path}?leaseMs=${leaseMs}`
    const store = sqliteStore({ path, leaseMs })
    const { broker, backend } = store
    const db = new DatabaseSync(path)
    db.exec(LEDGER)
    return {
      urls: { broker: url, resultBackend: url },
      broker,
      backend,
      disturbances: {},
      consumers: undefined,
      leftovers: undefined,
      commits: async () =>
        new Map(
          db
            .prepare('SELECT uuid, count(*) AS commits FROM fault_commit GROUP BY uuid')
            .all()
            .map((row) => [String(row['uuid']), Number(row['commits'])]),
        ),
      close: async () => {
        db.close()
        await store.close()
      },
    }
  },
}
