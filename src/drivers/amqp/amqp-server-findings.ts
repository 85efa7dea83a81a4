import { MachineryError } from '../../core/errors.ts'
import type { Finding } from '../../core/ports/diagnosis.ts'
import { finding } from '../shared/finding.ts'
import type { AmqpTable } from './amqp-client.ts'
import type { AmqpManagement, Binding, NodeRow } from './amqp-management.ts'

const OLDEST = { major: 3, minor: 10 } as const

/** Major version of a RabbitMQ; undefined for another server, and where it does not say. */
export function majorVersion(facts: AmqpTable): number | undefined {
  return versionOf(facts)?.major
}

function versionOf({ product, version }: AmqpTable): Readonly<Record<'major' | 'minor', number>> | undefined {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(String(version)) ?? []
  if (product !== 'RabbitMQ' || major === undefined) return undefined
  return { major: Number(major), minor: Number(minor) }
}

/** @param facts what the server said of itself when it was connected to */
export function versionFinding(facts: AmqpTable): Finding {
  const version = versionOf(facts)
  const said = (fact: unknown, otherwise: string): string => (typeof fact === 'string' ? fact : otherwise)
  const name = `${said(facts['product'], 'a server')} ${said(facts['version'], 'of an unknown version')}`
  if (version === undefined) {
    return finding(
      'version',
      'warning',
      `${name}; RabbitMQ ${OLDEST.major}.${OLDEST.minor} or later is right`,
    )
  }
  const { major, minor } = version
  const isOld = major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor)
  if (!isOld) return finding('version', 'ok', name)
  return finding('version', 'problem', `${name}; ${OLDEST.major}.${OLDEST.minor} or later is right`)
}

/** What the management plugin tells, as far as there is one that answers. */
export interface ManagedView {
  /** Undefined where nothing can be asked. */
  readonly management: AmqpManagement | undefined
  /** Of queues to the exchange. */
  readonly bindings: readonly Binding[]
  readonly findings: readonly Finding[]
}

/** Asks the management plugin for the nodes, and for what is bound to the exchange. What it does not tell is a warning. */
export async function managedView(
  management: AmqpManagement | undefined,
  exchange: string,
): Promise<ManagedView> {
  if (management === undefined) {
    const text = 'managementUrl is not set, so alarms, policies and the queues of others are not looked at'
    return { management, bindings: [], findings: [finding('management', 'warning', text)] }
  }
  const nodes = await told(management.nodes())
  const bindings = await told(management.bindings(exchange))
  return {
    management: bindings instanceof MachineryError ? undefined : management,
    bindings: bindings instanceof MachineryError ? [] : bindings,
    findings: [
      ...(nodes instanceof MachineryError ? [untold('alarms', nodes)] : nodeFindings(nodes)),
      ...(bindings instanceof MachineryError ? [untold('management', bindings)] : []),
    ],
  }
}

async function told<T>(asking: Promise<T>): Promise<T | MachineryError> {
  try {
    return await asking
  } catch (error) {
    if (error instanceof MachineryError) return error
    throw error
  }
}

/** The finding for what may not be looked at. */
export function untold(check: string, error: MachineryError): Finding {
  return finding(check, 'warning', `it could not be looked at: ${error.message}`)
}

function nodeFindings(nodes: readonly NodeRow[]): readonly Finding[] {
  const problems = nodes.flatMap(({ name, isRunning, hasMemoryAlarm, hasDiskAlarm, partitions }) => [
    ...(isRunning ? [] : [`node ${name} does not run`]),
    ...(hasMemoryAlarm
      ? [
          `node ${name} is short of memory, so no server takes messages; more of it, or fewer messages, is right`,
        ]
      : []),
    ...(hasDiskAlarm
      ? [`node ${name} is short of disk, so no server takes messages; more than disk_free_limit is right`]
      : []),
    ...(partitions.length > 0 ? [`node ${name} does not see ${partitions.join(', ')}`] : []),
  ])
  if (problems.length === 0) return [finding('alarms', 'ok', 'no node has an alarm')]
  return problems.map((text) => finding('alarms', 'problem', text))
}
