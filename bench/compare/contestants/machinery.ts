import { createServer, int64, contract } from '../../../dist/index.js'
import type { Contestant } from '../contestant.ts'

const add = contract('add', { args: [int64, int64], returns: int64 })
const RESULT_WITHIN_MS = 30_000

/** This project, on the store that the URL names. */
export const contestant: Contestant = {
  async producer({ url, queue }) {
    const server = await createServer({ broker: url, resultBackend: url, defaultQueue: queue })
    return {
      send: (one, other) => server.send(add(one, other)),
      sendMany: (pairs) => server.sendMany(pairs.map(([one, other]) => add(one, other))),
      call: async (one, other) => {
        const result = await server.send(add(one, other))
        return result.get({ timeoutMs: RESULT_WITHIN_MS })
      },
      sendLater: (dueAt, delayMs) => server.send(add(dueAt, 0).with({ delayMs })),
      close: () => server.close(),
    }
  },
  async work({ url, queue }, { concurrency, run, onStored }) {
    const server = await createServer({
      broker: url,
      resultBackend: url,
      defaultQueue: queue,
      tasks: [
        add.implement((one, other) => {
          onStored()
          return run(one, other)
        }),
      ],
    })
    await server.startWorker({ concurrency, noSignals: true })
    return () => server.close()
  },
}
