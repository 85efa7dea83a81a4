import type { Logger } from '../../core/logger.ts'

/** What the server says about itself. */
export interface ServerFacts {
  /** Major and minor version as one number: 7.2 is 702. */
  readonly version: number
  readonly evictionPolicy: string
  readonly hasAof: boolean
  /** Whether the last write to the append-only file went well. */
  readonly isWriting: boolean
  readonly replicas: number
  /** Whether the server refuses writes when it has too few replicas (`min-replicas-to-write`). */
  readonly needsReplicas: boolean
}

/** Reads the answer to INFO. */
export function serverFacts(info: string): ServerFacts {
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? ''
  const [major = '0', minor = '0'] = field('redis_version').split('.')
  return {
    version: Number(major) * 100 + Number(minor),
    evictionPolicy: field('maxmemory_policy'),
    hasAof: field('aof_enabled') === '1',
    isWriting: field('aof_last_write_status') !== 'err',
    replicas: Number(field('connected_slaves') || 0),
    needsReplicas: field('min_slaves_good_slaves') !== '',
  }
}

/** Warns of a server that may lose what was acknowledged. */
export function warnOfRisks(facts: ServerFacts, needsReplica: boolean, name: string, logger: Logger): void {
  const { evictionPolicy, hasAof, isWriting, replicas, needsReplicas } = facts
  if (evictionPolicy !== '' && evictionPolicy !== 'noeviction') {
    const text = `${name}: maxmemory-policy is ${evictionPolicy}, so tasks may vanish when memory is full; noeviction is right`
    logger.warn({ evictionPolicy }, text)
  }
  if (!hasAof) {
    logger.warn(
      {},
      `${name}: appendonly is off, so a restart of the server loses tasks; appendonly yes is right`,
    )
  }
  if (!isWriting) logger.warn({}, `${name}: its append-only file could not be written; look at its disk`)
  if (replicas > 0 && !needsReplicas) {
    const text = `${name}: min-replicas-to-write is 0, so a master that is cut off takes tasks that are lost with it; 1 is right`
    logger.warn({ replicas }, text)
  }
  if (needsReplica && replicas === 0) {
    logger.warn(
      { replicas },
      `${name}: durability is replicated and the server has no replica: publishes will fail`,
    )
  }
}
