import { MachineryError } from '../core/errors.ts'
import type { JsonText, Message } from '../core/message.ts'
import { formatRetryPolicy } from '../core/retry-policy.ts'
import { nowRfc3339 } from '../core/rfc3339.ts'
import { quote } from '../core/wire/json-text.ts'
import { DEFAULT_WIRE_LIMITS, type WireLimits } from '../core/wire/limits.ts'
import type { SettledOptions } from './send-options.ts'
import { signatureDataOf } from './signature-data.ts'
import type { AnyStep } from './step.ts'

// Strings, as all headers: only they are portable (spec: go-core 1.5).
const RETRY_HEADER = 'mq-retry'
const SOFT_LIMIT_HEADER = 'mq-soft-ms'
const HARD_LIMIT_HEADER = 'mq-hard-ms'

/** What the compiler of signatures needs to know about the send. */
export interface CompileContext {
  /** Epoch milliseconds; relative delays count from here. */
  readonly nowMs: number
  /** What readers accept. @default 128 deep, 10,000 nested */
  readonly limits?: Pick<WireLimits, 'maxSignatureDepth' | 'maxSignatures'>
  /** The trace context of the send, put into the headers of every message without `splitSpan`; headers that were given stay. */
  readonly traceHeaders?: ReadonlyMap<string, JsonText> | undefined
}

const NANOS_PER_MS = 1_000_000

/**
 * The message of one signature, its callbacks embedded. The message itself carries the time of its execution only as
 * `eta`, since the broker keeps the delay (`resolveDelayMs`). An embedded one is published later by whoever runs the parent, so it
 * carries a relative delay both as `delayNs` and as `eta`, one for each dialect; an absolute time stays `eta` alone, which
 * workers of the fork do not know (spec: go-core 1.5).
 * @throws `ERR_OPTION_INVALID` when `signature` is not a signature, `ERR_WORKFLOW_TOO_LARGE` when signatures are nested
 * deeper, or are more, than the limits.
 */
export function toMessage(signature: unknown, context: CompileContext): Message {
  const { nowMs, limits = DEFAULT_WIRE_LIMITS, traceHeaders } = context
  return compile(signature, { nowMs, limits, traceHeaders, nested: -1 }, 0)
}

/**
 * As `toMessage`, for a signature that a workflow embeds, or may embed: a relative delay counts from its own publish.
 * @throws as `toMessage`
 */
export function toEmbeddedMessage(signature: unknown, context: CompileContext): Message {
  const { nowMs, limits = DEFAULT_WIRE_LIMITS, traceHeaders } = context
  return compile(signature, { nowMs, limits, traceHeaders, nested: -1 }, 1)
}

/** State of one compilation. */
interface Compilation {
  readonly nowMs: number
  readonly limits: NonNullable<CompileContext['limits']>
  readonly traceHeaders: CompileContext['traceHeaders']
  /** Signatures so far, without the outermost. One signature may stand in many places: counting bounds its copies. */
  nested: number
}

function compile(signature: unknown, compilation: Compilation, depth: number): Message {
  checkSize(compilation, depth)
  const { uuid, taskName, args, options, definition } = signatureDataOf(signature)
  const defaults = definition?.options
  return {
    uuid,
    name: taskName,
    routingKey: options.routingKey ?? defaults?.queue ?? '',
    eta: etaOf(options, compilation.nowMs),
    delayNs:
      depth > 0 && options.delayMs !== undefined ? BigInt(Math.round(options.delayMs * NANOS_PER_MS)) : 0n,
    ingestionTime: '',
    firstReceived: '',
    receivedAt: '',
    groupUuid: '',
    groupTaskCount: 0,
    args,
    headers: headersOf(options, compilation.traceHeaders),
    priority: options.priority ?? 0,
    immutable: options.immutable ?? false,
    retryCount: options.retryCount ?? defaults?.retryCount ?? 0,
    attemptCount: 0,
    retryTimeoutSeconds: 0,
    splitSpan: options.splitSpan ?? false,
    onSuccess: compileAll(options.onSuccess, compilation, depth),
    onError: compileAll(options.onError, compilation, depth),
    chordCallback: undefined,
    brokerMessageGroupId: options.brokerMessageGroupId ?? '',
    transport: undefined,
    noBackend: options.noResult ?? defaults?.noResult ?? false,
    stopTaskDeletionOnError: options.stopTaskDeletionOnError ?? false,
    ignoreWhenTaskNotRegistered: options.ignoreWhenTaskNotRegistered ?? false,
    unknown: [],
    source: undefined,
  }
}

function checkSize(compilation: Compilation, depth: number): void {
  const { maxSignatureDepth, maxSignatures } = compilation.limits
  compilation.nested += 1
  if (depth >= maxSignatureDepth) throw tooLarge('deep', maxSignatureDepth)
  if (compilation.nested > maxSignatures) throw tooLarge('in number', maxSignatures)
}

function tooLarge(dimension: string, limit: number): MachineryError {
  return new MachineryError(
    'ERR_WORKFLOW_TOO_LARGE',
    `nested signatures are more than ${limit} ${dimension}; at most ${limit} is right`,
    { details: { limit } },
  )
}

const NONE: readonly Message[] = []

function compileAll(
  steps: readonly AnyStep[] | undefined,
  compilation: Compilation,
  depth: number,
): readonly Message[] {
  return steps === undefined ? NONE : steps.map((step) => compile(step, compilation, depth + 1))
}

function etaOf({ eta, delayMs }: SettledOptions, nowMs: number): string {
  if (eta !== undefined) return nowRfc3339(Math.ceil(eta))
  return delayMs === undefined || delayMs === 0 ? '' : nowRfc3339(Math.ceil(nowMs + delayMs))
}

function headersOf(
  options: SettledOptions,
  traceHeaders: CompileContext['traceHeaders'],
): ReadonlyMap<string, JsonText> | undefined {
  const { headers, retry, softLimitMs, hardLimitMs, splitSpan } = options
  const carried = splitSpan === true ? undefined : traceHeaders
  if (
    headers === undefined &&
    retry === undefined &&
    softLimitMs === undefined &&
    hardLimitMs === undefined
  ) {
    return carried
  }
  const texts = new Map<string, JsonText>(carried)
  for (const [name, value] of Object.entries(headers ?? {})) texts.set(name, quote(value))
  if (retry !== undefined) texts.set(RETRY_HEADER, quote(formatRetryPolicy(retry)))
  if (softLimitMs !== undefined) texts.set(SOFT_LIMIT_HEADER, `"${softLimitMs}"`)
  if (hardLimitMs !== undefined) texts.set(HARD_LIMIT_HEADER, `"${hardLimitMs}"`)
  return texts
}
