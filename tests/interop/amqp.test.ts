import { amqpMeeting } from './amqp-meeting.ts'
import { AMQP_RESULT_CELLS } from './cells/amqp-result-cells.ts'
import { AMQP_ROUTE_CELLS } from './cells/amqp-route-cells.ts'
import { ARGUMENT_CELLS } from './cells/argument-cells.ts'
import { CHAIN_AND_TREE_CELLS } from './cells/chain-cells.ts'
import { AMQP_DELAY_CELLS, RETRY_CELLS } from './cells/delay-cells.ts'
import { GROUP_CELLS } from './cells/group-cells.ts'
import { OUTCOME_CELLS } from './cells/outcome-cells.ts'
import { STATE_CELLS } from './cells/state-cells.ts'
import { testInterop } from './interop.ts'

// Go delays, looks into queues and keeps results on AMQP in another way than on Redis. Locks, and which member triggers a
// chord, are matters of Redis alone.
await testInterop('amqp', ['rabbitmq', 'redis'], amqpMeeting, [
  ...ARGUMENT_CELLS,
  ...OUTCOME_CELLS,
  ...AMQP_DELAY_CELLS,
  ...RETRY_CELLS,
  ...CHAIN_AND_TREE_CELLS,
  ...STATE_CELLS,
  ...AMQP_ROUTE_CELLS,
  ...GROUP_CELLS,
  ...AMQP_RESULT_CELLS,
])
