import type { Message } from '../core/message.ts'
import { laterMembers } from '../workflow/hand-off.ts'
import { handOffContext, type Runtime } from './runtime.ts'

/** States written at once. */
const CHUNK = 500

/**
 * Stores PENDING for the members of groups that are published later than these roots, where others count members by their states:
 * Go's worker stops working when it finds none (go-core 3.4). To be called before the roots are published.
 */
export async function storeLaterMembers(runtime: Runtime, roots: readonly Message[]): Promise<void> {
  const { backend } = runtime
  if (backend?.capabilities.foreignWriters !== true) return
  const later = laterMembers(roots, handOffContext(runtime))
  for (let start = 0; start < later.length; start += CHUNK) {
    await backend.tasks.pending(later.slice(start, start + CHUNK))
  }
}
