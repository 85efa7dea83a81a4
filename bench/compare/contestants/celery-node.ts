import { createClient, createWorker } from 'celery-node'
import type { Contestant } from '../contestant.ts'

interface Broker {
  isReady(): Promise<void>
  publish(...args: readonly unknown[]): Promise<unknown>
}

// At most once: a message is gone when it is popped. There is no limit of concurrency, and a send does not say when it is
// stored: what its broker publishes is watched for the bulk.
export const contestant: Contestant = {
  async producer({ url, queue }) {
    const client = createClient(url, url, queue)
    const broker = client.broker as unknown as Broker
    await client.isReady()
    const task = client.createTask('add')
    return {
      sendMany: async (pairs) => {
        const publish = broker.publish.bind(broker)
        const stored: Promise<unknown>[] = []
        const allSent = new Promise<void>((resolve) => {
          broker.publish = (...args) => {
            const sent = publish(...args)
            if (stored.push(sent) === pairs.length) resolve()
            return sent
          }
        })
        for (const [one, other] of pairs) task.applyAsync([one, other])
        await allSent
        await Promise.all(stored)
        broker.publish = publish
      },
      close: () => client.disconnect(),
    }
  },
  async work({ url, queue }, { run, onStored }) {
    const worker = createWorker(url, url, queue)
    worker.register('add', (one: number, other: number) => {
      onStored()
      return run(one, other)
    })
    void worker.start()
    return async () => {
      await worker.whenCurrentJobsFinished()
      // Its blocking pop ends within 5 s; the process is ended before.
    }
  },
}
