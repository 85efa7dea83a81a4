import { DatabaseSync } from 'node:sqlite'
import type { Contestant, Place } from '../contestant.ts'

// The bare limit: a table per queue, prepared statements, a transaction per batch. No lease, no retry, one process.

const BATCH = 100

const open = ({ url, queue }: Place): DatabaseSync => {
  const database = new DatabaseSync(url.replace(/^sqlite:/, '').replace(/\?.*$/, ''))
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;
    CREATE TABLE IF NOT EXISTS job_${queue} (id INTEGER PRIMARY KEY, one INTEGER, other INTEGER);
    CREATE TABLE IF NOT EXISTS result_${queue} (id INTEGER PRIMARY KEY, sum INTEGER);`)
  return database
}

export const contestant: Contestant = {
  async producer(place) {
    const database = open(place)
    const insert = database.prepare(`INSERT INTO job_${place.queue} (one, other) VALUES (?, ?)`)
    return {
      send: async (one, other) => insert.run(one, other),
      sendMany: async (pairs) => {
        database.exec('BEGIN IMMEDIATE')
        for (const [one, other] of pairs) insert.run(one, other)
        database.exec('COMMIT')
      },
      close: async () => database.close(),
    }
  },
  async work(place, { run, onStored }) {
    const database = open(place)
    const take = database.prepare(
      `DELETE FROM job_${place.queue} WHERE id IN (SELECT id FROM job_${place.queue} ORDER BY id LIMIT ?) RETURNING id, one, other`,
    )
    const store = database.prepare(`INSERT INTO result_${place.queue} (id, sum) VALUES (?, ?)`)
    let isStopped = false
    const loop = async (): Promise<void> => {
      while (!isStopped) {
        database.exec('BEGIN IMMEDIATE')
        const jobs = take.all(BATCH) as {
          readonly id: number
          readonly one: number
          readonly other: number
        }[]
        for (const { id, one, other } of jobs) store.run(id, run(one, other))
        database.exec('COMMIT')
        for (const _ of jobs) onStored()
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const ended = loop()
    return async () => {
      isStopped = true
      await ended
      database.close()
    }
  },
}
