import type { Context, TextMapGetter, TextMapPropagator } from '@opentelemetry/api'
import { errorText } from '../core/errors.ts'
import type { JsonText, Message } from '../core/message.ts'
import type { OpenTelemetryApi } from './api.ts'

type Headers = NonNullable<Message['headers']>

const VERSION_0 = /^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/
/** A later version may add fields after these four. */
const LATER_VERSION = /^(?!00|ff)[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-.*)?$/
const SAMPLED = 1

/** Reads headers of a message; those that are no strings are foreign (spec: go-core 9.2). */
const getter: TextMapGetter<Headers> = {
  keys: (headers) => [...headers.keys()],
  get: (headers, key) => {
    const text = headers.get(key)
    return text?.startsWith('"') === true ? (JSON.parse(text) as string) : undefined
  },
}

/** Puts a context into headers of messages, and finds it there. A propagator that throws counts as one that finds nothing. */
export interface TraceContext {
  /** Empty when the context holds nothing that can be carried. */
  inject(context: Context): ReadonlyMap<string, JsonText>
  /** The context that a message carries, on top of no other. */
  extract(message: Message): Context
}

/**
 * The context of messages by a propagator: the given one, else the one that is registered with the API when it is used, else W3C
 * Trace Context.
 */
export function traceContext(api: OpenTelemetryApi, given: TextMapPropagator | undefined): TraceContext {
  const w3c = w3cPropagator(api)
  const propagator = (): Pick<TextMapPropagator, 'inject' | 'extract'> =>
    given ?? (api.propagation.fields().length > 0 ? api.propagation : w3c)
  return {
    inject(context) {
      const headers = new Map<string, JsonText>()
      try {
        propagator().inject(context, headers, {
          set: (carrier, key, value) => void (carrier as typeof headers).set(key, JSON.stringify(value)),
        })
        return headers
      } catch (error) {
        api.diag.warn(`machinery-ts: a context could not be injected: ${errorText(error)}`)
        return new Map()
      }
    },
    extract({ headers }) {
      if (headers === undefined || headers.size === 0) return api.ROOT_CONTEXT
      try {
        return propagator().extract(api.ROOT_CONTEXT, headers, getter)
      } catch (error) {
        // Headers come from anybody, and some propagators throw at text that they cannot decode: that must not stop a worker.
        api.diag.warn(`machinery-ts: a context could not be extracted: ${errorText(error)}`)
        return api.ROOT_CONTEXT
      }
    },
  }
}

/** W3C Trace Context: `traceparent` and `tracestate` (https://www.w3.org/TR/trace-context/). */
function w3cPropagator({ trace, createTraceState, isSpanContextValid }: OpenTelemetryApi): TextMapPropagator {
  return {
    fields: () => ['traceparent', 'tracestate'],
    inject(context, carrier, setter) {
      const span = trace.getSpanContext(context)
      if (span === undefined || !isSpanContextValid(span)) return
      const flags = (span.traceFlags & SAMPLED).toString(16).padStart(2, '0')
      setter.set(carrier, 'traceparent', `00-${span.traceId}-${span.spanId}-${flags}`)
      const state = span.traceState?.serialize() ?? ''
      if (state !== '') setter.set(carrier, 'tracestate', state)
    },
    extract(context, carrier, from) {
      const text = from.get(carrier, 'traceparent')
      if (typeof text !== 'string') return context
      const [, traceId, spanId, flags] = VERSION_0.exec(text) ?? LATER_VERSION.exec(text) ?? []
      if (traceId === undefined || spanId === undefined || flags === undefined) return context
      const state = from.get(carrier, 'tracestate')
      const span = {
        traceId,
        spanId,
        traceFlags: Number.parseInt(flags, 16) & SAMPLED,
        isRemote: true,
        ...(typeof state === 'string' ? { traceState: createTraceState(state) } : {}),
      }
      return isSpanContextValid(span) ? trace.setSpanContext(context, span) : context
    },
  }
}
