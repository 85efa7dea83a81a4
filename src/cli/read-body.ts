import { wireLimits } from '../core/wire/limits.ts'
import { decodeMessage } from '../core/wire/message-codec.ts'
import { messageView, type MessageView } from './message-view.ts'

/** The message of a body; undefined where it is none. */
export function readBody(body: Uint8Array): MessageView | undefined {
  try {
    return messageView(decodeMessage(body, wireLimits(undefined)))
  } catch {
    return undefined
  }
}
