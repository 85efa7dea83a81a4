import { errorText, MachineryError } from '../core/errors.ts'
import type { Message } from '../core/message.ts'
import { validateBeforeSend } from '../task/validate-arguments.ts'
import type { CompiledWorkflow } from '../workflow/compile-workflow.ts'
import { reachableFrom } from '../workflow/downstream.ts'
import { groupsOf, guarded } from '../workflow/hand-off.ts'
import type { WorkflowNode } from '../workflow/workflow-node.ts'
import { cancelTasks } from './async-result.ts'
import { storeLaterMembers } from './later-members.ts'
import type { Publisher } from './publisher.ts'
import { handOffContext, type Runtime } from './runtime.ts'
import { countSent } from './trace-send.ts'

/** Messages of one batch. */
const SEND_CHUNK = 500

/** What sending a workflow needs. */
export interface WorkflowSend {
  readonly runtime: Runtime
  readonly publisher: Publisher
  readonly compiled: CompiledWorkflow
  /** The roots, after the hooks. */
  readonly roots: readonly Message[]
  /** Most messages under way at once. */
  readonly sendConcurrency: number | undefined
}

/**
 * Publishes the roots of a workflow: all groups of the tree and the first batch together, the rest batch by batch. When a batch is
 * refused, the others are still sent; the members that were not sent become FAILURE, with everything downstream, so that no group
 * waits for them. Answers how many messages were published; 0 without telemetry, which alone wants to know.
 * @throws the first error of a batch, after all have been tried.
 */
export async function sendWorkflow(send: WorkflowSend): Promise<number> {
  const { runtime, publisher, roots } = send
  const context = handOffContext(runtime)
  const size = Math.min(SEND_CHUNK, send.sendConcurrency ?? SEND_CHUNK)
  await storeLaterMembers(runtime, roots)
  let groups = groupsOf(roots, context)
  let sent = 0
  let failed: { readonly error: unknown } | undefined
  for (let start = 0; start < roots.length; start += size) {
    const chunk = roots.slice(start, start + size)
    try {
      const messages = chunk.map((message) => guarded(message, context))
      sent += countSent(runtime, chunk, await publisher.send({ groups, messages }))
      groups = []
    } catch (error) {
      failed ??= { error }
      await failUnsent(runtime, chunk, error)
    }
  }
  if (failed !== undefined) throw failed.error
  return sent
}

/** What is uncertain may run: only what was certainly refused is failed. */
async function failUnsent(runtime: Runtime, messages: readonly Message[], error: unknown): Promise<void> {
  if (error instanceof MachineryError && error.code === 'ERR_PUBLISH_UNCERTAIN') return
  const tasks = reachableFrom(messages).map(({ uuid, name }) => ({ uuid, taskName: name }))
  await cancelTasks(runtime, tasks, `Publish message error: ${errorText(error)}`)
}

/** Validates the arguments of the steps with which it begins: they are complete, those of later ones are not. */
export async function validateFirstSteps(node: WorkflowNode): Promise<void> {
  if (node.kind === 'task') await validateBeforeSend(node.signature)
  else if (node.kind === 'group') for (const member of node.members) await validateFirstSteps(member)
  else if (node.steps[0] !== undefined) await validateFirstSteps(node.steps[0])
}
