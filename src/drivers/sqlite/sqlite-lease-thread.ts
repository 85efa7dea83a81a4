import { DatabaseSync } from 'node:sqlite'
import { workerData } from 'node:worker_threads'

import { runLeaseLoop } from '../shared/lease-loop.ts'
import type { SqliteHeld, SqliteLeaseData, SqliteLeaseNews } from './sqlite-lease-messages.ts'

// Runs in a worker thread: renews the leases of one store through a connection of its own.

const BUSY_TIMEOUT_MS = 2_000

const data = workerData as SqliteLeaseData
const db = new DatabaseSync(data.file, { timeout: BUSY_TIMEOUT_MS })
// A checkpoint may take long, and belongs to those who fill the log.
db.exec('PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0')
const beatAll = db.prepare('UPDATE consumer SET beat = beat + 1 WHERE session = ?')

const loop = runLeaseLoop<SqliteHeld, SqliteLeaseNews>(data, {
  renew({ count }) {
    try {
      const { changes } = beatAll.run(data.session)
      if (Number(changes) < count) loop.tell('doubt')
      return true
    } catch (error) {
      loop.failed(error)
      return false
    }
  },
})
