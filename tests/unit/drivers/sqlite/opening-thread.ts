import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'

import { sqliteStore } from '../../../../src/drivers/sqlite/index.ts'

// Opens new files one after the other, each at the same moment as the other threads.

export interface OpeningPlace {
  readonly folder: string
  readonly files: number
  readonly threads: number
  /** How many threads have come to each file. */
  readonly arrived: Int32Array
}

const { folder, files, threads, arrived } = workerData as OpeningPlace
const failures: string[] = []
for (let file = 0; file < files; file++) {
  Atomics.add(arrived, file, 1)
  while (Atomics.load(arrived, file) < threads);
  try {
    await sqliteStore({ path: join(folder, `${file}.db`) }).close()
  } catch (error) {
    failures.push(String(error))
  }
}
parentPort?.postMessage(failures)
