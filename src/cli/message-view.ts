import { decodeArg } from '../core/arg-types/index.ts'
import type { Arg, Message, TaskResult } from '../core/message.ts'
import type { TaskState } from '../core/task-state.ts'
import { jsonLine } from './output.ts'

/** An argument or a result as JSON shows it: exact where JSON has no such number, and as it stands where it cannot be read. */
export interface ValueView {
  readonly type: string
  readonly value: unknown
}

/** A message as it is shown. */
export interface MessageView {
  readonly uuid: string
  readonly task: string
  readonly args: readonly ValueView[]
  readonly routingKey?: string
  readonly eta?: string
  readonly retryCount?: number
  readonly groupUuid?: string
  readonly priority?: number
}

export function valueView(value: Pick<Arg, 'type' | 'value'> | TaskResult): ValueView {
  try {
    return { type: value.type, value: decodeArg(value) }
  } catch {
    return { type: value.type, value: value.value }
  }
}

export function messageView(message: Message): MessageView {
  const { uuid, name, args, routingKey, eta, retryCount, groupUuid, priority } = message
  return {
    uuid,
    task: name,
    args: args.map(valueView),
    ...(routingKey === '' ? {} : { routingKey }),
    ...(eta === '' ? {} : { eta }),
    ...(retryCount === 0 ? {} : { retryCount }),
    ...(groupUuid === '' ? {} : { groupUuid }),
    ...(priority === 0 ? {} : { priority }),
  }
}

/** A state as it is shown. */
export function stateView(state: TaskState): Readonly<Record<string, unknown>> {
  const { uuid, taskName, results, error, createdAt, retryAt } = state
  return {
    uuid,
    task: taskName,
    state: state.state,
    ...(state.state === 'SUCCESS' ? { results: results.map(valueView) } : {}),
    ...(error === '' ? {} : { error }),
    ...(createdAt === '' ? {} : { createdAt }),
    ...(retryAt === undefined ? {} : { retryAt }),
  }
}

/** Arguments or results on one line, for people. */
export function valuesText(values: readonly ValueView[]): string {
  return values.map(({ value }) => (value instanceof Date ? value.toISOString() : jsonLine(value))).join(' ')
}
