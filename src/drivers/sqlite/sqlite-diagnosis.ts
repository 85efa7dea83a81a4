import type { Diagnosis, Finding } from '../../core/ports/diagnosis.ts'
import { finding } from '../shared/finding.ts'
import { isDead } from '../shared/process-identity.ts'
import type { ConsumerRow } from './sqlite-consumers.ts'
import type { SqliteEngine } from './sqlite-engine.ts'
import { hasWalResetBug } from './sqlite-requirements.ts'
import { SCHEMA_VERSION } from './sqlite-schema.ts'

/** Consumers of processes that ended, and messages whose consumer is not there any more. */
interface Abandoned {
  readonly consumers: readonly ConsumerRow[]
  readonly owners: readonly number[]
}

/** Looks at the file, and for messages that nobody holds and nobody can claim. A worker on this machine mends the first kind by itself. */
export function sqliteDiagnosis({ connection, consumers, messages, wakeUp }: SqliteEngine): Diagnosis {
  const mode = connection.prepare<[string]>('PRAGMA journal_mode')
  const check = connection.prepare<[string]>('PRAGMA quick_check(1)')
  const ownerless = connection.prepare<[number]>(
    'SELECT DISTINCT owner FROM message WHERE owner IS NOT NULL AND owner NOT IN (SELECT id FROM consumer)',
  )
  const findAbandoned = (): Abandoned => ({
    consumers: consumers.all().filter((row) => isDead(row, consumers.identity)),
    owners: ownerless.all().map(([owner]) => owner),
  })

  return {
    async diagnose() {
      const { facts, abandoned } = await connection.read(() => ({
        facts: [mode.get()?.[0] ?? '', check.get()?.[0] ?? ''] as const,
        abandoned: findAbandoned(),
      }))
      const [journal, state] = facts
      const sqlite = process.versions['sqlite'] ?? ''
      const isBuggy = hasWalResetBug(sqlite)
      return [
        finding(
          'version',
          isBuggy ? 'problem' : 'ok',
          `SQLite ${sqlite}, tables of version ${SCHEMA_VERSION}`,
        ),
        finding(
          'journal-mode',
          journal === 'wal' ? 'ok' : 'problem',
          journal === 'wal' ? 'journal_mode is wal' : `journal_mode is ${journal}; wal is right`,
        ),
        finding(
          'integrity',
          state === 'ok' ? 'ok' : 'problem',
          state === 'ok' ? 'quick_check finds nothing' : `quick_check: ${state}; a backup is right`,
        ),
        abandonedFinding(abandoned),
      ]
    },
    async repair() {
      const mended = await connection.write(
        () => {
          const { consumers: dead, owners } = findAbandoned()
          for (const { id, beat } of dead) if (consumers.removeSilent(id, beat)) messages.giveBack(id, true)
          for (const owner of owners) messages.giveBack(owner, true)
          return { dead: dead.length, owners: owners.length }
        },
        () => wakeUp.notifyAll(),
      )
      const count = mended.dead + mended.owners
      return count === 0 ? [] : [`what ${count} consumers held that are gone returned to its queues`]
    },
  }
}

function abandonedFinding({ consumers, owners }: Abandoned): Finding {
  const count = consumers.length + owners.length
  if (count === 0) return finding('orphaned-leases', 'ok', 'every lease has a living owner')
  const text = `${count} consumers are gone and what they held waits for a worker, or for --repair, to return it`
  return { ...finding('orphaned-leases', owners.length > 0 ? 'problem' : 'warning', text), canRepair: true }
}
