import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'

import type { Backend } from '../../src/core/ports/backend.ts'
import type { Broker } from '../../src/core/ports/broker.ts'
import type { Disturbances } from './disturbance.ts'

/** What a target is prepared for. */
export interface TargetSettings {
  /** Empty, and removed afterwards. */
  readonly folder: string
  readonly leaseMs: number
  /** How long a frozen server stays frozen. */
  readonly freezeMs: number
  /** Of the random choices. */
  readonly seed: number
}

/** A store under test. Every file of `targets/` exports one as `target`. */
export interface FaultTarget {
  /** Prepares a store of its own. */
  prepare(settings: TargetSettings): Promise<PreparedTarget>
}

/** A store that the processes of one run share. */
export interface PreparedTarget {
  /** What the producer and the workers give to `createServer`. */
  readonly urls: { readonly broker: string; readonly resultBackend: string }
  /** For the harness: publishes what no producer would, and looks into the queue. */
  readonly broker: Broker
  readonly backend: Backend
  /** What can happen to it. */
  readonly disturbances: Disturbances
  /**
   * Every terminal state that was ever written, by UUID, recorded by the store itself in the transaction of the write: the
   * proof that nothing was committed twice. Undefined where a store has no such means; then only the states that the
   * harness looked at while it ran tell.
   */
  readonly commits: (() => Promise<ReadonlyMap<string, number>>) | undefined
  /** How many consumers of a queue the store knows, those of dead workers too; undefined where it knows none. */
  readonly consumers: ((queue: string) => Promise<number>) | undefined
  /** What the store holds after the run that nobody needs, by name; undefined where nothing can be left. */
  readonly leftovers: (() => Promise<readonly string[]>) | undefined
  /** How many messages of a queue consumers hold; undefined where the inspector counts those of other processes too. */
  readonly heldByWorkers: ((queue: string) => Promise<number>) | undefined
  close(): Promise<void>
}

const FOLDER = join(import.meta.dirname, 'targets')

/** Names of the targets that are there. */
export function targetNames(): readonly string[] {
  return readdirSync(FOLDER).map((file) => basename(file, '.ts'))
}

/** Loads the target of that name. */
export async function loadTarget(name: string): Promise<FaultTarget> {
  const module = (await import(`./targets/${name}.ts`)) as { readonly target: FaultTarget }
  return module.target
}
