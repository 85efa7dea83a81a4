import { MachineryError } from '../core/errors.ts'
import { groupUuid, type IdSource } from '../core/id.ts'
import type { Message } from '../core/message.ts'
import type { WireLimits } from '../core/wire/limits.ts'
import { toEmbeddedMessage, type CompileContext } from '../task/compile-signature.ts'
import { signatureDataOf } from '../task/signature-data.ts'
import type { AnyStep } from '../task/step.ts'
import type { TaskDefinition } from '../task/task-definition.ts'
import { MEMBER_FAILURE_HEADER, type MemberFailurePolicy } from './member-policy.ts'
import { seal, sealWhole, type SealedMessage } from './sealed-message.ts'
import { isEmpty, type WorkflowNode } from './workflow-node.ts'

/** Where the results of a workflow are: of one task, or of several in order. */
export type ResultShape =
  | {
      readonly kind: 'task'
      readonly uuid: string
      readonly definition: TaskDefinition | undefined
      readonly noResult: boolean
    }
  | { readonly kind: 'group'; readonly members: readonly ResultShape[] }

/** A workflow on the wire. */
export interface CompiledWorkflow {
  /** What is published now; the rest is embedded in it. */
  readonly roots: readonly Message[]
  readonly shape: ResultShape
  /** Every task in it but error callbacks, in order. */
  readonly tasks: readonly { readonly uuid: string; readonly taskName: string }[]
}

/** What the compiler takes from the server. */
export interface WorkflowContext {
  readonly nowMs: number
  readonly ids: IdSource
  readonly limits: WireLimits
  /** The UUID that a signature has in this send, from its own; equal for equal. @default its own */
  readonly uuidOf?: (original: string) => string
  /** As of `toMessage`. */
  readonly traceHeaders?: CompileContext['traceHeaders']
}

/** The group that the ends of a step belong to. */
interface Membership {
  readonly uuid: string
  readonly count: number
  readonly callback: SealedMessage | undefined
}

/** What comes after a step. Followers and a group exclude each other: only an end is a member. */
interface Continuation {
  readonly followers: readonly SealedMessage[]
  readonly group: Membership | undefined
  readonly onError: readonly AnyStep[]
  /** What comes after an empty group gets nothing from before it. */
  readonly passesNothing: boolean
}

const NOTHING_AFTER: Continuation = { followers: [], group: undefined, onError: [], passesNothing: false }

/**
 * Compiles a tree to Machinery's wire graph, last step first: a follower stands in `OnSuccess` of every task it waits for; the
 * ends of a group carry its UUID, its size and, when something follows, that as `ChordCallback` (design, section 3).
 * @throws `ERR_WORKFLOW_INVALID` for a UUID that stands twice, a group directly after a group, and a group that counts a task
 * without a state; `ERR_WORKFLOW_TOO_LARGE`.
 */
export function compileWorkflow(node: WorkflowNode, context: WorkflowContext): CompiledWorkflow {
  const compiler = new Compiler(context)
  const roots = compiler.compile(node, NOTHING_AFTER)
  return {
    roots: roots.map((root) => root.message),
    shape: shapeOf(node, context.uuidOf ?? ((uuid) => uuid)),
    tasks: compiler.tasks.toReversed(),
  }
}

class Compiler {
  readonly tasks: { uuid: string; taskName: string }[] = []
  readonly #context: WorkflowContext
  readonly #seen = new Set<string>()
  readonly #errorCallbacks = new Map<AnyStep, SealedMessage>()

  constructor(context: WorkflowContext) {
    this.#context = context
  }

  /** The messages with which the step begins. */
  compile(node: WorkflowNode, after: Continuation): readonly SealedMessage[] {
    if (node.kind === 'task') return [this.#task(node.signature, after)]
    const inside = { ...after, onError: [...after.onError, ...node.onError] }
    return node.kind === 'chain' ? this.#chain(node.steps, inside) : this.#group(node, inside)
  }

  #task(signature: unknown, { followers, group, onError, passesNothing }: Continuation): SealedMessage {
    const { limits } = this.#context
    const message = this.#message(signature)
    this.#register(message)
    if (group !== undefined && message.noBackend) {
      throw invalid(`task ${message.name} is sent with noResult; a member of a group needs its state`)
    }
    if (passesNothing && followers.length > 0 && message.onSuccess.length > 0) {
      throw invalid(
        `task ${message.name} has onSuccess callbacks and stands before an empty group; leave out the group`,
      )
    }
    const own = [...message.onSuccess, ...message.onError].map((callback) => sealWhole(callback, limits))
    const failed = onError.map((step) => this.#errorCallback(step))
    const complete: Message = {
      ...message,
      immutable: message.immutable || (passesNothing && followers.length > 0),
      onSuccess: [...own.slice(0, message.onSuccess.length), ...followers].map((part) => part.message),
      onError: [...own.slice(message.onSuccess.length), ...failed].map((part) => part.message),
      groupUuid: group?.uuid ?? '',
      groupTaskCount: group?.count ?? 0,
      chordCallback: group?.callback?.message,
    }
    const callback = group?.callback === undefined ? [] : [group.callback]
    const sealed = seal(complete, [...own, ...failed, ...followers, ...callback], limits)
    return complete.immutable === message.immutable ? sealed : { ...sealed, isMuted: true }
  }

  #message(signature: unknown): Message {
    const { nowMs, limits, uuidOf, traceHeaders } = this.#context
    const message = toEmbeddedMessage(signature, { nowMs, limits, traceHeaders })
    return uuidOf === undefined ? message : renamed(message, uuidOf)
  }

  /** One for all tasks of the tree. */
  #errorCallback(step: AnyStep): SealedMessage {
    const known = this.#errorCallbacks.get(step)
    if (known !== undefined) return known
    const sealed = sealWhole(this.#message(step), this.#context.limits)
    this.#errorCallbacks.set(step, sealed)
    return sealed
  }

  #chain(steps: readonly WorkflowNode[], after: Continuation): readonly SealedMessage[] {
    let next = after
    let heads = after.followers
    for (const step of steps.toReversed()) {
      if (isEmpty(step)) {
        if (next.group !== undefined)
          throw invalid('an empty group cannot be the end of a chain inside a group')
        next = { ...next, passesNothing: true }
      } else {
        heads = this.compile(step, next)
        next = { followers: heads, group: undefined, onError: after.onError, passesNothing: false }
      }
    }
    return heads
  }

  #group(node: Extract<WorkflowNode, { kind: 'group' }>, after: Continuation): readonly SealedMessage[] {
    if (isEmpty(node)) return after.followers
    const inside = { ...after, followers: [], group: after.group ?? this.#membership(node, after) }
    return [...node.members]
      .toReversed()
      .flatMap((member) => this.compile(member, inside).toReversed())
      .toReversed()
  }

  #membership(
    node: Extract<WorkflowNode, { kind: 'group' }>,
    { followers, passesNothing }: Continuation,
  ): Membership {
    const [callback, another] = followers
    if (another !== undefined) throw invalid('a group stands directly after a group; put a task between them')
    return {
      uuid: groupUuid(this.#context.ids),
      count: endCount(node),
      callback: callback && this.#callback(callback, node.onMemberFailure, passesNothing),
    }
  }

  #callback(callback: SealedMessage, policy: MemberFailurePolicy, passesNothing: boolean): SealedMessage {
    if (callback.message.noBackend) {
      throw invalid(
        `task ${callback.message.name} is sent with noResult; the callback of a chord needs its state`,
      )
    }
    // One flag says both that a callback gets nothing and that a parent passes nothing on (go-core 1.1, Immutable).
    if (callback.isMuted === true || (passesNothing && callback.message.onSuccess.length > 0)) {
      throw invalid(
        `task ${callback.message.name} is the callback of a chord next to an empty group, which has no form on the wire; leave out the empty group`,
      )
    }
    if (policy === 'fail-fast' && !passesNothing) return callback
    const headers = new Map(callback.message.headers)
    if (policy !== 'fail-fast') headers.set(MEMBER_FAILURE_HEADER, `"${policy}"`)
    const message = {
      ...callback.message,
      source: undefined,
      headers,
      immutable: callback.message.immutable || passesNothing,
    }
    return { ...seal(message, [], this.#context.limits), count: callback.count, depth: callback.depth }
  }

  #register({ uuid, name }: Message): void {
    if (this.#seen.has(uuid)) {
      throw invalid(`task ${name} (${uuid}) stands twice in the workflow; make a signature for each place`)
    }
    this.#seen.add(uuid)
    this.tasks.push({ uuid, taskName: name })
  }
}

/** How many tasks end a step: that many results a group counts. */
function endCount(node: WorkflowNode): number {
  if (node.kind === 'task') return 1
  if (node.kind === 'group') return node.members.reduce((sum, member) => sum + endCount(member), 0)
  const last = node.steps.at(-1)
  return last === undefined ? 0 : endCount(last)
}

/** The message, and every callback in it, under other UUIDs. */
function renamed(message: Message, uuidOf: (original: string) => string): Message {
  return {
    ...message,
    uuid: uuidOf(message.uuid),
    onSuccess: message.onSuccess.map((callback) => renamed(callback, uuidOf)),
    onError: message.onError.map((callback) => renamed(callback, uuidOf)),
  }
}

function shapeOf(node: WorkflowNode, uuidOf: (original: string) => string): ResultShape {
  if (node.kind === 'group')
    return { kind: 'group', members: node.members.map((member) => shapeOf(member, uuidOf)) }
  if (node.kind === 'chain') return shapeOf(node.steps.at(-1) as WorkflowNode, uuidOf)
  const { uuid, definition, options } = signatureDataOf(node.signature)
  return {
    kind: 'task',
    uuid: uuidOf(uuid),
    definition,
    noResult: options.noResult ?? definition?.options.noResult ?? false,
  }
}

function invalid(text: string): MachineryError {
  return new MachineryError('ERR_WORKFLOW_INVALID', text)
}
