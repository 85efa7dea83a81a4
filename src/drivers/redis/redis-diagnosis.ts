import { silentLogger } from '../../core/logger.ts'
import type { Diagnosis, Finding } from '../../core/ports/diagnosis.ts'
import type { RedisArgument } from './redis-client.ts'
import type { RedisEngine } from './redis-engine.ts'
import { type QueueKeys, QUEUES_KEY } from './redis-keys.ts'
import { serverFacts, warnOfRisks } from './redis-server-facts.ts'

const KEYS_PER_SCAN = '1000'
/** Stands in the registry for the moment in which `reap` looks after what nobody is registered for. */
const BEAT_OF_NOBODY = 'nobody'

/** What a queue has that nobody will come for. */
interface Orphans {
  readonly keys: QueueKeys
  /** Consumers that are not registered, and hold something. */
  readonly consumers: readonly string[]
  /** Messages on their way to consumers, of which there are none. */
  readonly landed: number
}

/**
 * Looks at the server and its settings, and for messages that no consumer will return: in flight without an entry in the registry,
 * and on their way where no consumer is left. It runs as the user of an operator: the users of workers need none of its commands.
 */
export function redisDiagnosis(engine: RedisEngine, keysOf: (queue: string) => QueueKeys): Diagnosis {
  const { connection, settings } = engine
  const ask = (name: string, args: RedisArgument[]): Promise<unknown> => connection.command(name, args)

  /** Of a Cluster no node has all keys. */
  const flyingKeys = async (): Promise<readonly string[]> => {
    const found: string[] = []
    if (connection.isCluster) return found
    for (let cursor = '0'; ;) {
      const [next, keys] = (await ask('scan', [cursor, 'MATCH', 'mq:*:i:*', 'COUNT', KEYS_PER_SCAN])) as [
        Buffer,
        Buffer[],
      ]
      found.push(...keys.map(String))
      cursor = String(next)
      if (cursor === '0') return found
    }
  }

  const orphans = async (asked: readonly string[]): Promise<readonly Orphans[]> => {
    const known = ((await ask('smembers', [QUEUES_KEY])) as readonly Buffer[]).map(String)
    // Before the registries: a consumer registers before it takes anything.
    const flying = await flyingKeys()
    const found = await Promise.all(
      [...new Set([...known, ...asked])].map(async (queue): Promise<Orphans> => {
        const keys = keysOf(queue)
        const landed = Number(await ask('llen', [keys.land]))
        const registered = new Set(((await ask('hkeys', [keys.registry])) as readonly Buffer[]).map(String))
        const prefix = keys.flying('')
        const holders = flying.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length))
        const consumers = holders.filter((consumer) => !registered.has(consumer))
        return { keys, consumers, landed: registered.size === 0 ? landed : 0 }
      }),
    )
    return found.filter(({ consumers, landed }) => consumers.length > 0 || landed > 0)
  }

  /** Takes the place of the consumer that is gone, and returns at once what is its. */
  const reap = async (
    { queue, land, registry, flying, counts, dead, priorities }: QueueKeys,
    consumer: string,
  ) => {
    if (Number(await ask('hsetnx', [registry, consumer, BEAT_OF_NOBODY])) === 0) return
    const all = [queue, land, registry, flying(consumer), counts, dead, priorities]
    const { maxCrashes, maxDead } = settings
    await connection.script('reap', all, [consumer, BEAT_OF_NOBODY, '1', String(maxCrashes), String(maxDead)])
  }

  return {
    async diagnose(asked) {
      const info = String(await ask('info', []))
      const facts = serverFacts(info)
      const version = /^redis_version:(.*?)\r?$/m.exec(info)?.[1] ?? 'of an unknown version'
      const found: Finding[] = [{ check: 'version', level: 'ok', text: `Redis ${version}`, canRepair: false }]
      const warn = (_: object, text: string): void => {
        found.push({ check: 'server-settings', level: 'warning', text, canRepair: false })
      }
      warnOfRisks(facts, settings.durability === 'replicated', connection.name, { ...silentLogger, warn })
      if (connection.isCluster)
        warn({}, 'in a Cluster it is not looked for messages in flight without a consumer')
      const lost = await orphans(asked)
      for (const { keys, consumers, landed } of lost) {
        const what = [
          ...(consumers.length > 0
            ? [`${consumers.length} consumers are not registered and hold messages`]
            : []),
          ...(landed > 0
            ? [`${landed} messages are on their way to consumers, of which there are none`]
            : []),
        ]
        const text = `${keys.queue}: ${what.join('; ')}; --repair returns them to their queue`
        found.push({ check: 'orphaned-leases', level: 'problem', text, canRepair: true })
      }
      if (lost.length === 0)
        found.push({
          check: 'orphaned-leases',
          level: 'ok',
          text: 'every lease has an owner',
          canRepair: false,
        })
      return found
    },
    async repair(asked) {
      const lost = await orphans(asked)
      for (const { keys, consumers, landed } of lost) {
        for (const consumer of consumers) await reap(keys, consumer)
        if (landed > 0 && consumers.length === 0) await reap(keys, 'doctor')
      }
      return lost.map(({ keys }) => `${keys.queue}: what nobody held returned to the queue`)
    },
  }
}
