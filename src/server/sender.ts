import { MachineryError } from '../core/errors.ts'
import type { Message } from '../core/message.ts'
import type { SendUnit } from '../core/ports/same-store.ts'
import { toMessage, type CompileContext } from '../task/compile-signature.ts'
import { signatureDataOf } from '../task/signature-data.ts'
import type { TaskDefinition } from '../task/task-definition.ts'
import { decodeResults } from '../task/task-result.ts'
import { validateBeforeSend } from '../task/validate-arguments.ts'
import { compileWorkflow, type CompiledWorkflow, type ResultShape } from '../workflow/compile-workflow.ts'
import { guarded } from '../workflow/hand-off.ts'
import { treeIds } from '../workflow/tree-ids.ts'
import { isWorkflow, workflowNode, type WorkflowNode } from '../workflow/workflow-node.ts'
import { asyncResult, CANCELLED, cancelTasks, NOT_ENDED, type AsyncResult } from './async-result.ts'
import { readProgress } from './progress.ts'
import type { Publisher } from './publisher.ts'
import type { ResultWaiter } from './result-waiter.ts'
import { handOffContext, type Runtime } from './runtime.ts'
import { sendWorkflow, validateFirstSteps } from './send-workflow.ts'
import type { BeforePublish } from './server-options.ts'
import { countSent, traceSend } from './trace-send.ts'
import { workflowResult } from './workflow-result.ts'

/** How a workflow is sent. */
export interface SendWorkOptions {
  /** Most messages of a group under way at once. @default 500 */
  readonly sendConcurrency?: number
}

/** What a sender works with. */
export interface SenderParts {
  readonly runtime: Runtime
  readonly publisher: Publisher
  readonly waiter: ResultWaiter
  readonly beforePublish: BeforePublish | undefined
}

/** Turns work into messages, publishes them and makes the handles. */
export interface Sender {
  send(work: unknown, options?: SendWorkOptions): Promise<AsyncResult<never>>
  sendMany(batch: readonly unknown[]): Promise<AsyncResult<never>[]>
  /** The handle of a task that is known by its UUID only. */
  result(uuid: string): AsyncResult<never>
}

/** How many tasks `sendMany` sends at once. */
const SEND_CHUNK = 500

/** Makes the sender of a server. */
export function createSender(parts: SenderParts): Sender {
  const sender: Sender = {
    send: async (work, options = {}) =>
      isWorkflow(work) ? sendTree(parts, work[workflowNode], options) : sendTask(parts, work),
    sendMany: (batch) => sendMany(batch, (work) => sender.send(work)),
    result: (uuid) =>
      handle(parts, { uuid, taskName: '', definition: undefined, stored: false, noResult: false }),
  }
  return sender
}

async function sendTask(parts: SenderParts, work: unknown): Promise<AsyncResult<never>> {
  const { runtime, publisher } = parts
  const { definition, options, taskName } = signatureDataOf(work)
  const trace = runtime.telemetry && traceSend(runtime, { kind: 'task', signature: work })
  try {
    await validateBeforeSend(work)
    const { clock, limits } = runtime
    const compiled = toMessage(work, { nowMs: clock.now(), limits, traceHeaders: trace?.headers })
    const message = await beforePublish(parts, compiled)
    const states = await publisher.send(sendUnit(runtime, message, options.resend === true))
    trace?.end(countSent(runtime, [message], states))
    const { uuid, noBackend } = message
    return handle(parts, { uuid, taskName, definition, stored: !noBackend, noResult: noBackend })
  } catch (error) {
    trace?.end(0, error)
    throw error
  }
}

async function sendTree(
  parts: SenderParts,
  node: WorkflowNode,
  options: SendWorkOptions,
): Promise<AsyncResult<never>> {
  const trace = traceSend(parts.runtime, node)
  try {
    const { result, sent } = await compileAndSend(parts, node, options, trace?.headers)
    trace?.end(sent)
    return result
  } catch (error) {
    trace?.end(0, error)
    throw error
  }
}

async function compileAndSend(
  parts: SenderParts,
  node: WorkflowNode,
  options: SendWorkOptions,
  traceHeaders: CompileContext['traceHeaders'],
): Promise<{ readonly result: AsyncResult<never>; readonly sent: number }> {
  const { runtime, publisher } = parts
  const { sendConcurrency } = options
  if (sendConcurrency !== undefined && (!Number.isInteger(sendConcurrency) || sendConcurrency < 1)) {
    throw new MachineryError(
      'ERR_OPTION_INVALID',
      `sendConcurrency is ${sendConcurrency}; a whole number above 0 is right`,
    )
  }
  await validateFirstSteps(node)
  const { clock, limits } = runtime
  const compiled = compileWorkflow(node, { nowMs: clock.now(), ids: treeIds(node), limits, traceHeaders })
  if (runtime.backend === undefined && compiled.roots.some((root) => root.groupUuid !== '')) {
    throw new MachineryError(
      'ERR_BACKEND_REQUIRED',
      'Result backend required: a group counts its members there',
    )
  }
  const roots: Message[] = []
  for (const root of compiled.roots) roots.push(await beforePublish(parts, root))
  const sent = await sendWorkflow({ runtime, publisher, compiled, roots, sendConcurrency })
  const stored = new Set(roots.map((root) => root.uuid))
  return { result: treeHandle(parts, compiled, stored) as AsyncResult<never>, sent }
}

function treeHandle(
  parts: SenderParts,
  compiled: CompiledWorkflow,
  stored: ReadonlySet<string>,
): AsyncResult<unknown> {
  const { runtime } = parts
  const ends = new Map(taskShapes(compiled.shape).map((shape) => [shape.uuid, shape]))
  return workflowResult({
    compiled,
    handleOf: (uuid) => {
      const end = ends.get(uuid)
      return handle(parts, {
        uuid,
        taskName: '',
        definition: end?.definition,
        stored: stored.has(uuid),
        noResult: end?.noResult === true,
      })
    },
    readStates: async (uuids) => backendOf(runtime).tasks.get(uuids),
    readProgress: (uuids) => readProgress(runtime, uuids),
    cancelAll: async (reason) => {
      backendOf(runtime)
      return cancelTasks(runtime, compiled.tasks, CANCELLED + reason, NOT_ENDED)
    },
  })
}

function taskShapes(shape: ResultShape): readonly Extract<ResultShape, { kind: 'task' }>[] {
  return shape.kind === 'task' ? [shape] : shape.members.flatMap(taskShapes)
}

interface HandleSource {
  readonly uuid: string
  readonly taskName: string
  readonly definition: TaskDefinition | undefined
  readonly stored: boolean
  readonly noResult: boolean
}

function handle({ runtime, waiter }: SenderParts, source: HandleSource): AsyncResult<never> {
  const { uuid, taskName, definition, stored, noResult } = source
  return asyncResult<never>({
    uuid,
    taskName,
    runtime,
    waiter,
    stored,
    unavailable: noResult ? `task ${uuid} was sent with noResult` : undefined,
    decode: (state) => decodeResults(definition, state.results) as never,
  })
}

async function beforePublish({ beforePublish: hook }: SenderParts, message: Message): Promise<Message> {
  if (hook === undefined) return message
  const changed = (await hook(message)) ?? message
  if (changed.uuid === message.uuid) return changed
  throw new MachineryError(
    'ERR_OPTION_INVALID',
    `beforePublish changed the UUID from ${message.uuid} to ${changed.uuid}; it must stay`,
  )
}

function sendUnit(runtime: Runtime, message: Message, resend: boolean): SendUnit {
  const one = guarded(message, handOffContext(runtime))
  const size = one.message.body.byteLength
  if (size > runtime.limits.maxBytes) {
    throw new MachineryError(
      'ERR_MESSAGE_TOO_LARGE',
      `task ${message.name} makes a message of ${size} bytes; the limit is ${runtime.limits.maxBytes}`,
      { details: { uuid: message.uuid, bytes: size, limit: runtime.limits.maxBytes } },
    )
  }
  const pending = one.pending === undefined ? undefined : { ...one.pending, reset: resend }
  return { groups: [], messages: [{ message: one.message, pending }] }
}

async function sendMany(
  batch: readonly unknown[],
  sendOne: (work: unknown) => Promise<AsyncResult<never>>,
): Promise<AsyncResult<never>[]> {
  const sent: AsyncResult<never>[] = []
  let failed: { readonly error: unknown } | undefined
  for (let start = 0; start < batch.length; start += SEND_CHUNK) {
    const settled = await Promise.allSettled(batch.slice(start, start + SEND_CHUNK).map(sendOne))
    for (const outcome of settled) {
      if (outcome.status === 'fulfilled') sent.push(outcome.value)
      else failed ??= { error: outcome.reason }
    }
  }
  if (failed !== undefined) throw failed.error
  return sent
}

function backendOf(runtime: Runtime): NonNullable<Runtime['backend']> {
  if (runtime.backend !== undefined) return runtime.backend
  throw new MachineryError('ERR_BACKEND_REQUIRED', 'Result backend not configured')
}
