import { int64, string, contract } from '../../src/index.ts'

/** The task of the harness: its result is the fence of the run that committed it. */
export const work = contract('fault_work', { args: [int64], returns: string })
