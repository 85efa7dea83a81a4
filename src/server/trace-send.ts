import type { Message } from '../core/message.ts'
import type { PendingOutcome } from '../core/ports/backend.ts'
import type { SendFacts, SendTrace } from '../core/telemetry.ts'
import { signatureDataOf } from '../task/signature-data.ts'
import type { WorkflowNode } from '../workflow/workflow-node.ts'
import type { Runtime } from './runtime.ts'

/** The trace of a send that begins; undefined without telemetry. */
export function traceSend({ telemetry, defaultQueue }: Runtime, node: WorkflowNode): SendTrace | undefined {
  if (telemetry === undefined) return undefined
  const first = firstTask(node)
  const data = first === undefined ? undefined : signatureDataOf(first)
  const isTask = node.kind === 'task' && data !== undefined
  return telemetry.send({
    kind: kindOf(node),
    uuid: isTask ? data.uuid : '',
    taskName: isTask ? data.taskName : '',
    queue: data?.options.routingKey ?? data?.definition?.options.queue ?? defaultQueue,
  })
}

/** Counts what was published: not what the sender finds sent before. Answers how many. */
export function countSent(
  { telemetry, defaultQueue }: Runtime,
  messages: readonly Message[],
  states: readonly PendingOutcome[],
): number {
  if (telemetry === undefined) return 0
  let sent = 0
  messages.forEach(({ name, routingKey }, index) => {
    if (states[index] === 'exists') return
    sent += 1
    telemetry.sent(name, routingKey === '' ? defaultQueue : routingKey)
  })
  return sent
}

function kindOf(node: WorkflowNode): SendFacts['kind'] {
  if (node.kind !== 'chain') return node.kind
  return node.steps.length === 2 && node.steps[0]?.kind === 'group' ? 'chord' : 'chain'
}

function firstTask(node: WorkflowNode): unknown {
  if (node.kind === 'task') return node.signature
  for (const step of node.kind === 'group' ? node.members : node.steps) {
    const task = firstTask(step)
    if (task !== undefined) return task
  }
  return undefined
}
