import { graphileWorker } from '../graphile-contestant.ts'

export const contestant = graphileWorker(() => undefined)
