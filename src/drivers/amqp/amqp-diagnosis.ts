import { MachineryError } from '../../core/errors.ts'
import type { Diagnosis, Finding } from '../../core/ports/diagnosis.ts'
import { finding } from '../shared/finding.ts'
import type { AmqpChannel, AmqpTable } from './amqp-client.ts'
import type { AmqpEngine } from './amqp-engine.ts'
import { isMismatch } from './amqp-errors.ts'
import { isTaskQueue, type QueueRow } from './amqp-management.ts'
import { deadQueueOf } from './amqp-names.ts'
import { ruleRisks } from './amqp-queue-rules.ts'
import {
  majorVersion,
  type ManagedView,
  managedView,
  untold,
  versionFinding,
} from './amqp-server-findings.ts'

/** Queues of the result backend are bound like those of tasks (go-brokers-backends 7.5). */
const OF_STATES = /^(task|chord|group)_/
/** Queues that nobody asked for and that are looked at all the same; each takes some answers of the server. */
const MOST_QUEUES = 200
const DURABLE = { durable: true, autoDelete: false } as const
/** Of the states that the server knows, those in which a queue does not work. */
const BROKEN_STATES: ReadonlySet<unknown> = new Set(['crashed', 'down', 'minority', 'stopped', 'terminated'])

/** What the server says of a queue that is there. */
interface FoundQueue {
  readonly queue: string
  readonly ready: number
  readonly consumers: number
}

/**
 * Looks at the server, at the exchange and the queues against what this driver declares, and at who consumes them. What a lost
 * consumer held the server returns by itself, so there is nothing to repair. Declaring again what is there changes nothing, and
 * is how the protocol names what differs. Needs the rights of a worker.
 */
export function amqpDiagnosis(engine: AmqpEngine): Diagnosis {
  const { consuming: admin, publishing, settings, connector } = engine
  const { exchange, exchangeType, queueArguments, topology, defaultQueue, bindingKey } = settings

  const serverFacts = async (): Promise<AmqpTable> =>
    (await admin.connection.ready()).connection?.serverProperties ?? {}

  /** The error that names what differs; undefined where nothing does. */
  const difference = async (
    what: string,
    declare: (channel: AmqpChannel) => Promise<unknown>,
  ): Promise<MachineryError | undefined> => {
    try {
      await admin.run(what, declare)
      return undefined
    } catch (error) {
      if (error instanceof MachineryError && isMismatch(error)) return error
      throw error
    }
  }

  const exchangeFindings = async (): Promise<readonly Finding[]> => {
    const isThere = await admin.hasExchange(exchange)
    if (!isThere) return topology === 'assert' ? [] : [absent(`the exchange ${exchange}`)]
    const error = await difference(`look at exchange ${exchange}`, (channel) =>
      channel.assertExchange(exchange, exchangeType, DURABLE),
    )
    return error === undefined ? [] : [finding('topology', 'problem', error.message)]
  }

  const absent = (what: string): Finding =>
    finding(
      'topology',
      'problem',
      `${what} is not on ${connector.name}, and topology '${topology}' declares nothing; declare it, or use topology 'assert'`,
    )

  const look = async (queue: string): Promise<FoundQueue | undefined> => {
    const counts = await admin.counts(queue)
    return counts === undefined ? undefined : { queue, ...counts }
  }

  /** @param args what the driver would declare; undefined where it takes a queue as it is */
  const shapeFindings = async (
    { queue }: FoundQueue,
    args: AmqpTable | undefined,
  ): Promise<readonly Finding[]> => {
    const error = await difference(`look at queue ${queue}`, (channel) =>
      channel.assertQueue(queue, { ...DURABLE, exclusive: false, arguments: args ?? {} }),
    )
    if (error === undefined) return []
    if (args !== undefined) return [finding('topology', 'problem', error.message)]
    const risk = SHAPE_RISKS[String(error.details['argument'])]
    return risk === undefined ? [] : [finding('topology', 'warning', `${queue} ${risk}`)]
  }

  const workFindings = ({ queue, ready, consumers }: FoundQueue): readonly Finding[] => {
    if (ready === 0 || consumers > 0) return []
    const isCopy = queue === bindingKey && queue !== defaultQueue && exchangeType === 'direct'
    const why = isCopy
      ? `; producers in Go declare it when their BindingKey is not their DefaultQueue: one name for both is right`
      : ''
    return [
      finding('no-consumer', 'warning', `${ready} messages wait in ${queue}, and nobody consumes it${why}`),
    ]
  }

  const deadFindings = async (queue: string): Promise<readonly Finding[]> => {
    const dead = await look(deadQueueOf(queue))
    if (dead === undefined) return []
    const text = `the queue ${queue} has ${dead.ready} dead letters; machinery dead ls --queue ${queue} shows them`
    return [
      ...(await orWarning(['topology'], shapeFindings(dead, undefined))),
      ...(dead.ready === 0 ? [] : [finding('dead-letters', 'warning', text)]),
    ]
  }

  const rulesFindings = (
    { queue, ready }: FoundQueue,
    row: QueueRow | undefined,
    major: number | undefined,
  ): readonly Finding[] => {
    const args = row?.args ?? queueArguments ?? {}
    const risks = ruleRisks({ args, policy: row?.policy ?? {}, ready, major })
    const isBroken = BROKEN_STATES.has(row?.state)
    return [
      ...risks.map(({ level, text }) => finding('queue-rules', level, `${queue} ${text}`)),
      ...(isBroken ? [finding('queue-state', 'problem', `${queue} is ${row?.state}: look at its node`)] : []),
    ]
  }

  const queueFindings = async (
    queue: string,
    view: ManagedView,
    major: number | undefined,
  ): Promise<readonly Finding[]> => {
    const found = await look(queue)
    // The binding key is the name of a queue only where somebody in Go declared one.
    const isOfGo = queue === bindingKey && queue !== defaultQueue
    if (found === undefined) return topology === 'assert' || isOfGo ? [] : [absent(`the queue ${queue}`)]
    const isDeclared = topology === 'assert' && !isOfGo
    return [
      ...(await orWarning(['topology'], shapeFindings(found, isDeclared ? queueArguments : undefined))),
      ...rulesFindings(found, await view.management?.queue(queue), major),
      ...(isDeclared || isOfGo ? [] : bindingFindings(queue, view)),
      ...workFindings(found),
      ...(await deadFindings(queue)),
    ]
  }

  /** Where the driver declares nothing, somebody else must have. */
  const bindingFindings = (queue: string, { management, bindings }: ManagedView): readonly Finding[] => {
    if (exchangeType !== 'direct' || management === undefined) return []
    if (bindings.some((binding) => binding.queue === queue && binding.key === queue)) return []
    const text = `${queue} is not bound to ${exchange} by its own name, so what is sent to it is refused`
    return [finding('topology', 'problem', text)]
  }

  /** Queues that others use on the exchange, without those of delays and of states. */
  const boundQueues = ({ bindings }: ManagedView): readonly string[] => {
    const names = new Set(bindings.map(({ queue }) => queue))
    return [...names]
      .filter((queue) => isTaskQueue(queue) && !OF_STATES.test(queue) && queue !== settings.delayedQueue)
      .slice(0, MOST_QUEUES)
  }

  /** What the server refuses to tell is a warning for each of the checks; a lost connection is not. */
  const orWarning = async (
    checks: readonly string[],
    looking: Promise<readonly Finding[]>,
  ): Promise<readonly Finding[]> => {
    try {
      return await looking
    } catch (error) {
      if (!(error instanceof MachineryError) || error.code !== 'ERR_STORE_FAILED') throw error
      return checks.map((check) => untold(check, error))
    }
  }

  return {
    async diagnose(asked) {
      const facts = await serverFacts()
      const view = await managedView(engine.management, exchange)
      const { blockedBy } = publishing.connection
      const found = [...(await orWarning(['topology'], exchangeFindings()))]
      for (const queue of new Set([defaultQueue, ...asked, bindingKey, ...boundQueues(view)])) {
        const looking = queueFindings(queue, view, majorVersion(facts))
        found.push(...(await orWarning(Object.keys(FINE), looking)))
      }
      const checks = new Set(found.map(({ check }) => check))
      return [
        versionFinding(facts),
        ...(blockedBy === undefined
          ? []
          : [finding('alarms', 'problem', `the server takes no messages: ${blockedBy}`)]),
        ...view.findings,
        ...found,
        ...Object.entries(FINE)
          .filter(([check]) => !checks.has(check))
          .map(([check, text]) => finding(check, 'ok', text)),
      ]
    },
    repair: async () => [],
  }
}

/** What a queue is looked at for, and what is said where nothing is wrong. */
const FINE: Readonly<Record<string, string>> = {
  topology: 'exchange and queues are what the driver declares, or takes as they are',
  'no-consumer': 'no queue that has messages is without a consumer',
  'dead-letters': 'there are none',
}

/** Of a queue that is taken as it is, what loses messages all the same. */
const SHAPE_RISKS: Readonly<Record<string, string>> = {
  durable: 'is not durable, so a restart of the server loses it; a durable queue is right',
  auto_delete:
    'deletes itself with what is in it when its last consumer goes; a queue without auto-delete is right',
}
