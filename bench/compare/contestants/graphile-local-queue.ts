import { graphileWorker } from '../graphile-contestant.ts'

/** With the batching that its documentation recommends for high throughput. */
export const contestant = graphileWorker((concurrency) => ({
  worker: {
    localQueue: { size: Math.max(concurrency * 10, 100) },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  },
}))
