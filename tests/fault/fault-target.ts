import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'

import type { Backend } from '../../src/core/ports/backend.ts'
import type { Broker } from '../../src/core/ports/broker.ts'

/** A store under test. Every file of `targets/` exports one as `target`. */
export interface FaultTarget {
  /** Prepares a store of its own in or under the name of `folder`. */
  prepare(settings: { readonly folder: string; readonly leaseMs: number }): Promise<PreparedTarget>
}

/** A store that the processes of one run share. */
export interface PreparedTarget {
  /** What the producer and the workers give to `createServer`. */
  readonly urls: { readonly broker: string; readonly resultBackend: string }
  /** For the harness: publishes what no producer would, and looks into the queue. */
  readonly broker: Broker
  readonly backend: Backend
  /**
   * Every terminal state that was ever written, by UUID, recorded by the store itself in the transaction of the write: the
   * proof that nothing was committed twice. Undefined where a store has no such means; then only the states that the
   * harness looked at while it ran tell.
   */
  readonly commits: (() => ReadonlyMap<string, number>) | undefined
  close(): Promise<void>
}

const FOLDER = join(import.meta.dirname, 'targets')

/**
 * Loads the target of that name.
 * @throws Error naming the targets that are there.
 */
export async function loadTarget(name: string): Promise<FaultTarget> {
  const names = readdirSync(FOLDER).map((file) => basename(file, '.ts'))
  if (!names.includes(name))
    throw new Error(`there is no target ${name}; one of ${names.join(', ')} is right`)
  const module = (await import(`./targets/${name}.ts`)) as { readonly target: FaultTarget }
  return module.target
}
