import type { Attributes, Context, Link, Span, Tracer } from '@opentelemetry/api'
import { errorText, isMachineryError } from '../core/errors.ts'
import type { Message } from '../core/message.ts'
import type {
  HandOffFacts,
  RunEndFacts,
  RunOutcome,
  RunTrace,
  SendFacts,
  TaskDelivery,
  Telemetry,
} from '../core/telemetry.ts'
import type { OpenTelemetryApi } from './api.ts'
import { ATTRIBUTE } from './metric-definitions.ts'
import type { TraceContext } from './trace-context.ts'

/** How a run belongs to the send that its message comes from: a trace of its own with a link, or a child in the same trace. */
export type RunRelation = 'link' | 'parent'

/** What the spans are made with. */
export interface SpanParts {
  readonly api: OpenTelemetryApi
  readonly tracer: Tracer
  readonly traceContext: TraceContext
  readonly runs: RunRelation
}

/** The part of `Telemetry` that traces. */
export interface TracingTelemetry extends Pick<Telemetry, 'send' | 'receive' | 'handOff'> {
  /** `onEnd` is called once, when the run ends. */
  run(delivery: TaskDelivery, onEnd: (end: RunEndFacts) => void): RunTrace
}

/** The outcomes that make a span an error: a retry is none, nor is the handler's verdict (spec: go-core, 0fb9883). */
const ERRORS: ReadonlySet<RunOutcome> = new Set<RunOutcome>(['failure', 'timeout'])

/**
 * Spans by the messaging semantic conventions 1.30 (development): `send`, `receive`, `process` and `hand_off`, each with the queue
 * as its destination.
 * @see docs/decisions/0007-telemetry-is-a-port.md
 */
export function tracing({ api, tracer, traceContext, runs }: SpanParts): TracingTelemetry {
  const { SpanKind, SpanStatusCode, trace, context: active } = api
  /** Contexts of runs, for what follows from them. */
  const contextOf = new WeakMap<object, Context>()

  const failed = (span: Span, error: unknown): void => {
    span.setAttribute('error.type', errorType(error))
    span.recordException(error instanceof Error ? error : errorText(error))
    span.setStatus({ code: SpanStatusCode.ERROR, message: errorText(error) })
  }
  const ending = (span: Span) => ({
    end: (error?: unknown) => {
      if (error !== undefined) failed(span, error)
      span.end()
    },
  })
  const linksTo = (contexts: readonly Context[]): Link[] =>
    contexts.flatMap((one) => {
      const creation = trace.getSpanContext(one)
      return creation === undefined ? [] : [{ context: creation }]
    })

  return {
    send(facts) {
      const context = active.active()
      const span = tracer.startSpan(
        `send ${facts.queue}`,
        { kind: SpanKind.PRODUCER, attributes: sendAttributes(facts) },
        context,
      )
      return {
        headers: traceContext.inject(trace.setSpan(context, span)),
        end(messages, error) {
          if (messages > 1) span.setAttribute('messaging.batch.message_count', messages)
          ending(span).end(error)
        },
      }
    },

    receive(queue, deliveries) {
      const span = tracer.startSpan(
        `receive ${queue}`,
        {
          kind: SpanKind.CLIENT,
          root: true,
          attributes: {
            ...operation('receive', 'receive', queue),
            'messaging.batch.message_count': deliveries.length,
          },
          links: linksTo(deliveries.map(({ message }) => traceContext.extract(message))),
        },
        api.ROOT_CONTEXT,
      )
      return ending(span)
    },

    run(delivery, onEnd) {
      const { message } = delivery
      const { queue } = delivery.delivery
      const creation = traceContext.extract(message)
      const isLinked = runs === 'link'
      const span = tracer.startSpan(
        `process ${queue}`,
        {
          kind: SpanKind.CONSUMER,
          root: isLinked,
          attributes: { ...operation('process', 'process', queue), ...taskAttributes(delivery) },
          links: isLinked ? linksTo([creation]) : [],
        },
        creation,
      )
      const context = trace.setSpan(creation, span)
      const { traceId, spanId } = span.spanContext()
      let hasEnded = false
      const run: RunTrace = {
        logFields: api.isSpanContextValid(span.spanContext()) ? { trace_id: traceId, span_id: spanId } : {},
        within: (call) => active.with(context, call),
        end(end) {
          if (hasEnded) return
          hasEnded = true
          onEnd(end)
          const { outcome, error } = end
          span.setAttribute(ATTRIBUTE.outcome, outcome)
          if (ERRORS.has(outcome)) failed(span, error)
          span.end()
        },
      }
      contextOf.set(run, context)
      return run
    },

    handOff(facts) {
      const { message } = facts.delivery
      const run = facts.run && contextOf.get(facts.run)
      const creation = traceContext.extract(message)
      const { queue } = facts.delivery.delivery
      const destination = facts.queues[0] ?? queue
      const span = tracer.startSpan(
        `hand_off ${destination}`,
        {
          kind: SpanKind.CLIENT,
          root: run === undefined && runs === 'link',
          attributes: handOffAttributes(facts, destination),
          links: run === undefined && runs === 'link' ? linksTo([creation]) : [],
        },
        run ?? creation,
      )
      return ending(span)
    },
  }
}

function operation(name: string, type: 'send' | 'receive' | 'process', queue: string): Attributes {
  return {
    'messaging.system': 'machinery',
    'messaging.operation.name': name,
    'messaging.operation.type': type,
    'messaging.destination.name': queue,
  }
}

function sendAttributes({ kind, uuid, taskName, queue }: SendFacts): Attributes {
  const attributes = operation('send', 'send', queue)
  if (kind !== 'task') return { ...attributes, 'machinery.workflow': kind }
  return { ...attributes, 'messaging.message.id': uuid, [ATTRIBUTE.task]: taskName }
}

function taskAttributes({ message, delivery, attempt }: TaskDelivery): Attributes {
  return {
    ...identity(message),
    'messaging.message.body.size': delivery.body.byteLength,
    'machinery.task.attempt': attempt,
    'machinery.delivery.count': delivery.deliveryCount,
  }
}

function identity({ uuid, name, groupUuid, chordCallback }: Message): Attributes {
  const group = groupUuid === '' ? {} : { 'machinery.group.id': groupUuid }
  const callback =
    chordCallback === undefined
      ? {}
      : {
          'machinery.chord.callback.id': chordCallback.uuid,
          'machinery.chord.callback.name': chordCallback.name,
        }
  return { 'messaging.message.id': uuid, [ATTRIBUTE.task]: name, ...group, ...callback }
}

function handOffAttributes({ delivery, queues }: HandOffFacts, destination: string): Attributes {
  const count = queues.length > 1 ? { 'messaging.batch.message_count': queues.length } : {}
  return { ...operation('hand_off', 'send', destination), ...identity(delivery.message), ...count }
}

/** The code of ours, the class of others (semantic conventions: error.type is of low cardinality). */
function errorType(error: unknown): string {
  if (isMachineryError(error)) return error.code
  return error instanceof Error ? error.name : '_OTHER'
}
