import { makeWorkerUtils, run as runWorker, type RunnerOptions } from 'graphile-worker'
import { Logger } from 'graphile-worker'
import type { Contestant } from './contestant.ts'

const logger = new Logger(() => () => {})
const BULK = 1_000

/** Stores no results by itself. `tuned`: options beyond the concurrency. */
export function graphileWorker(tuned: (concurrency: number) => RunnerOptions['preset']): Contestant {
  return {
    async prepare({ url }) {
      const utils = await makeWorkerUtils({ connectionString: url, logger })
      await utils.migrate()
      await utils.release()
    },
    async producer({ url, queue }) {
      const utils = await makeWorkerUtils({ connectionString: url, logger })
      return {
        send: (one, other) => utils.addJob(queue, { one, other }),
        sendMany: async (pairs) => {
          for (let at = 0; at < pairs.length; at += BULK) {
            const jobs = pairs
              .slice(at, at + BULK)
              .map(([one, other]) => ({ identifier: queue, payload: { one, other } }))
            await utils.addJobs(jobs)
          }
        },
        close: async () => utils.release(),
      }
    },
    async work({ url, queue }, { concurrency, run, onStored }) {
      const preset = tuned(concurrency)
      const runner = await runWorker({
        connectionString: url,
        logger,
        noHandleSignals: true,
        ...(preset === undefined ? {} : { preset }),
        concurrency,
        taskList: {
          [queue]: (payload) => {
            const { one, other } = payload as { readonly one: number; readonly other: number }
            run(one, other)
          },
        },
      })
      runner.events.on('job:success', onStored)
      return () => runner.stop()
    },
  }
}
