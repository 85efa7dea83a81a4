import type { Message } from '../core/message.ts'
import { memberFailurePolicy } from './member-policy.ts'

/** Every task that can only run after `message`: its success callbacks, its chord's callback, and theirs; each once. */
export function downstreamOf(message: Message): readonly Message[] {
  return walk([message]).slice(1)
}

/**
 * The tasks that will certainly not run since `message` failed: as `downstreamOf`, but it stops at the callback of a chord
 * that does not fail at once. `message` itself is the first.
 */
export function stoppedBy(message: Message): readonly Message[] {
  return walk([message], (callback) => memberFailurePolicy(callback) === 'fail-fast')
}

/** What can run once `roots` are published, the roots first; each task once, in the order of the workflow. */
export function reachableFrom(roots: readonly Message[]): readonly Message[] {
  return walk(roots)
}

function walk(
  roots: readonly Message[],
  enters: (callback: Message) => boolean = () => true,
): readonly Message[] {
  const found: Message[] = []
  const seen = new Set<string>()
  const open = [...roots].toReversed()
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next.uuid)) continue
    seen.add(next.uuid)
    found.push(next)
    if (next.chordCallback !== undefined && enters(next.chordCallback)) open.push(next.chordCallback)
    open.push(...next.onSuccess.toReversed())
  }
  return found
}
