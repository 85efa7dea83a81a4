import { createHash } from 'node:crypto'
import type { IdSource } from '../core/id.ts'
import { signatureDataOf } from '../task/signature-data.ts'
import type { WorkflowNode } from './workflow-node.ts'

/**
 * The ids of the groups of a tree, derived from the UUIDs of its tasks. A tree that is sent again, since the first send was
 * uncertain, has the same groups: members that ran after the first send and members that run after the second are counted together.
 */
export function treeIds(node: WorkflowNode): IdSource {
  const hash = createHash('sha256')
  addUuids(node)
  const seed = hash.digest()
  let count = 0
  return {
    /** Version 8 of RFC 9562: made from what it names. */
    uuid() {
      count += 1
      const hex = createHash('sha256').update(seed).update(String(count)).digest('hex')
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
    },
  }

  function addUuids(part: WorkflowNode): void {
    if (part.kind === 'task') hash.update(`${signatureDataOf(part.signature).uuid}\n`)
    else for (const child of part.kind === 'group' ? part.members : part.steps) addUuids(child)
  }
}
