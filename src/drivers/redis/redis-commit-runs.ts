import type { FinishUnit } from '../../core/ports/same-store.ts'
import type { RedisArgument } from './redis-client.ts'
import { type StateForm, statePieces } from './redis-state-text.ts'

interface Run {
  readonly shared: readonly RedisArgument[]
  readonly keys: string[]
  readonly fields: RedisArgument[]
  readonly middles: RedisArgument[]
  readonly indexes: number[]
}

/**
 * Commits from which nothing follows, in runs that share what is alike: of most tasks only delivery, UUID and result differ, and
 * each argument costs both sides as much as a short text.
 */
export class CommitRuns {
  readonly #form: StateForm
  readonly #runs = new Map<string, Run>()

  constructor(form: StateForm) {
    this.#form = form
  }

  /** Of the units that were taken, in the order of their outcomes. */
  get indexes(): readonly number[] {
    return [...this.#runs.values()].flatMap(({ indexes }) => indexes)
  }

  /** Takes a unit, if it is one of these. @param consumer number of the one that holds the delivery */
  take(index: number, unit: FinishUnit, consumer: number): boolean {
    const { commit } = unit
    if (commit === undefined || commit.token !== unit.deliveryId || hasMore(unit)) return false
    const { ttl, head, name, middle, tail } = statePieces(commit, this.#form)
    if (head !== '') return false
    const run = this.#run(String(consumer), ttl, name, tail)
    run.keys.push(commit.uuid)
    run.fields.push(fieldOf(unit.deliveryId))
    run.middles.push(middle)
    run.indexes.push(index)
    return true
  }

  /** Adds the keys and arguments of all runs, as `finish.lua` reads them. */
  addTo(keys: string[], args: RedisArgument[]): void {
    args.push(String(this.#runs.size))
    for (const run of this.#runs.values()) {
      keys.push(...run.keys)
      args.push(...run.shared, String(run.indexes.length), ...run.fields, ...run.middles)
    }
  }

  #run(...shared: readonly string[]): Run {
    const key = shared.join(' ')
    const known = this.#runs.get(key)
    if (known !== undefined) return known
    const run: Run = { shared, keys: [], fields: [], middles: [], indexes: [] }
    this.#runs.set(key, run)
    return run
  }
}

/** What names a delivery among those of its consumer. */
export const fieldOf = (deliveryId: string): string => deliveryId.slice(deliveryId.indexOf(':') + 1)

function hasMore({ groups, next, fail, finishes }: FinishUnit): boolean {
  return groups.length + next.length + fail.length + finishes.length > 0
}
