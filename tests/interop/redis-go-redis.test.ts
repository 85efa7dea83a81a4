import { CHAIN_AND_TREE_CELLS } from './cells/chain-cells.ts'
import { DELAY_CELLS } from './cells/delay-cells.ts'
import { GROUP_CELLS } from './cells/group-cells.ts'
import { OUTCOME_CELLS } from './cells/outcome-cells.ts'
import { QUEUE_CELLS } from './cells/queue-cells.ts'
import { STATE_CELLS } from './cells/state-cells.ts'
import { testInterop } from './interop.ts'
import { redisMeeting } from './redis-meeting.ts'

// Machinery has two clients of Redis, with a broker and a backend of its own for each. Arguments do not depend on them.
await testInterop(
  'redis-go-redis',
  ['redis'],
  (url) => {
    const { go, typeScript } = redisMeeting(url)
    return { go: { ...go, client: 'go-redis' }, typeScript }
  },
  [...OUTCOME_CELLS, ...DELAY_CELLS, ...CHAIN_AND_TREE_CELLS, ...STATE_CELLS, ...QUEUE_CELLS, ...GROUP_CELLS],
)
