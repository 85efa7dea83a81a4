import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

import type { SqliteStoreOptions } from '../../../../src/drivers/sqlite/index.ts'

/** What the child process can do. */
export type Command =
  | { readonly do: 'publish'; readonly bodies: readonly string[] }
  | { readonly do: 'claim'; readonly want: number }
  | { readonly do: 'block' | 'extend'; readonly ms: number }
  | { readonly do: 'ack' | 'logged' | 'close' }
  | { readonly do: 'commit'; readonly uuid: string }

/** What it answers to a command, and once when it is open. */
export type Answer = { readonly value: unknown } | { readonly error: string }

/** Another process with the same store open. */
export interface ChildStore {
  run(command: Command): Promise<unknown>
  /** Ends it with SIGKILL. */
  kill(): Promise<void>
  /** How it ended by itself. */
  exitCode(): Promise<unknown>
  /** Ends it if it still runs. */
  close(): Promise<void>
}

async function nextAnswer(child: ChildProcess): Promise<unknown> {
  const [answer] = (await once(child, 'message')) as [Answer]
  if ('error' in answer) throw new Error(answer.error)
  return answer.value
}

/** Starts a process that opens the store; resolves when it is open. */
export async function childStore(options: SqliteStoreOptions): Promise<ChildStore> {
  const child = fork(new URL('./store-process.ts', import.meta.url), [JSON.stringify(options)], {
    execArgv: [],
  })
  const exited = once(child, 'exit')
  await nextAnswer(child)
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  return {
    async run(command) {
      const answered = nextAnswer(child)
      child.send(command)
      return answered
    },
    kill,
    exitCode: async () => (await exited)[0],
    close: kill,
  }
}
