import type { Message } from '../message.ts'

function childrenOf({ onSuccess, onError, chordCallback }: Message): readonly Message[] {
  if (chordCallback === undefined && onError.length === 0) return onSuccess
  return chordCallback === undefined ? [...onSuccess, ...onError] : [...onSuccess, ...onError, chordCallback]
}

/**
 * How many signatures are embedded in the message, at any depth, the message itself not counted. One that is embedded
 * twice counts twice, as on the wire. Counting ends above `atMost`, and the answer is then `atMost + 1`.
 */
export function nestedSignatures(message: Message, atMost: number = Number.MAX_SAFE_INTEGER): number {
  const open: Message[] = [...childrenOf(message)]
  let count = 0
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    count += 1
    if (count > atMost) return atMost + 1
    open.push(...childrenOf(next))
  }
  return count
}

/** How deep signatures are nested, the message itself included: 1 for a message without callbacks. */
export function signatureDepth(message: Message): number {
  let level: readonly Message[] = [message]
  let depth = 0
  while (level.length > 0) {
    depth += 1
    level = [...new Set(level.flatMap(childrenOf))]
  }
  return depth
}
