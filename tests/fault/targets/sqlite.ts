import { join } from 'node:path'

import { sqliteStore } from '../../../src/drivers/sqlite/index.ts'
import type { FaultTarget } from '../fault-target.ts'
import { sqliteLedger } from '../sqlite-ledger.ts'

/** One file, with a ledger of all terminal writes. */
export const target: FaultTarget = {
  async prepare({ folder, leaseMs }) {
    const path = join(folder, 'fault.db')
    const url = `sqlite:${path}?leaseMs=${leaseMs}`
    const store = sqliteStore({ path, leaseMs })
    const { broker, backend } = store
    const ledger = sqliteLedger(path)
    return {
      urls: { broker: url, resultBackend: url },
      broker,
      backend,
      disturbances: {},
      consumers: undefined,
      leftovers: undefined,
      heldByWorkers: undefined,
      commits: async () => ledger.commits(),
      close: async () => {
        ledger.close()
        await store.close()
      },
    }
  },
}
