import { ARGUMENT_CELLS } from './cells/argument-cells.ts'
import { CHAIN_AND_TREE_CELLS } from './cells/chain-cells.ts'
import { DELAY_CELLS, RETRY_CELLS } from './cells/delay-cells.ts'
import { CHORD_ORDER_CELLS, GROUP_CELLS } from './cells/group-cells.ts'
import { OUTCOME_CELLS } from './cells/outcome-cells.ts'
import { PERIODIC_CELLS } from './cells/periodic-cells.ts'
import { QUEUE_CELLS } from './cells/queue-cells.ts'
import { STATE_CELLS } from './cells/state-cells.ts'
import { testInterop } from './interop.ts'
import { redisMeeting } from './redis-meeting.ts'

await testInterop('redis', ['redis'], redisMeeting, [
  ...ARGUMENT_CELLS,
  ...OUTCOME_CELLS,
  ...DELAY_CELLS,
  ...RETRY_CELLS,
  ...CHAIN_AND_TREE_CELLS,
  ...STATE_CELLS,
  ...QUEUE_CELLS,
  ...GROUP_CELLS,
  ...CHORD_ORDER_CELLS,
  ...PERIODIC_CELLS,
])
