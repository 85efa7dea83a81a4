import { MachineryError } from '../core/errors.ts'
import type { Message } from '../core/message.ts'
import type { WireLimits } from '../core/wire/limits.ts'
import { encodeMessageText } from '../core/wire/message-codec.ts'
import { nestedSignatures, signatureDepth } from '../core/wire/workflow-size.ts'

/** A finished message with its text, so that it is encoded once wherever it is embedded, and with what it weighs. */
export interface SealedMessage {
  readonly message: Message
  /** Signatures in it, itself included; one that is embedded twice counts twice, as on the wire. */
  readonly count: number
  readonly depth: number
  /** Made immutable by the compiler, since an empty group comes after it: it may be no chord's callback, which would get nothing then. */
  readonly isMuted?: boolean
}

/**
 * Finishes a message whose callbacks are sealed. Callbacks are embedded by value, so a tree that fans out again and again grows with
 * every level: what is too large is refused before it is built.
 * @throws `ERR_WORKFLOW_TOO_LARGE` with the number of signatures and of bytes.
 */
export function seal(message: Message, parts: readonly SealedMessage[], limits: WireLimits): SealedMessage {
  const count = parts.reduce((sum, part) => sum + part.count, 1)
  const depth = parts.reduce((most, part) => Math.max(most, part.depth), 0) + 1
  const embeddedBytes = parts.reduce((sum, part) => sum + (part.message.source?.length ?? 0), 0)
  checkWeight(count, depth, embeddedBytes, limits)
  const source = encodeMessageText(message)
  checkWeight(count, depth, source.length, limits)
  return { message: { ...message, source }, count, depth }
}

/**
 * As `seal`, for a message whose callbacks are no parts of the workflow.
 * @throws as `seal`
 */
export function sealWhole(message: Message, limits: WireLimits): SealedMessage {
  const count = nestedSignatures(message) + 1
  const depth = signatureDepth(message)
  const source = encodeMessageText(message)
  checkWeight(count, depth, source.length, limits)
  return { message: { ...message, source }, count, depth }
}

function checkWeight(count: number, depth: number, bytes: number, limits: WireLimits): void {
  const problem =
    count > limits.maxSignatures
      ? `at most ${limits.maxSignatures} signatures`
      : depth > limits.maxSignatureDepth
        ? `at most ${limits.maxSignatureDepth} levels`
        : bytes > limits.maxBytes
          ? `at most ${limits.maxBytes} bytes`
          : undefined
  if (problem === undefined) return
  throw new MachineryError(
    'ERR_WORKFLOW_TOO_LARGE',
    `a task of the workflow embeds ${count} signatures in ${depth} levels and ${bytes} bytes; ${problem} are right. ` +
      'Callbacks are embedded by value: send the later part from a task of the earlier one',
    { details: { count, depth, bytes } },
  )
}
