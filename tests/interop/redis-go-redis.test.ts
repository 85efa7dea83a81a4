import { testCells } from './cell.ts'
import { CHAIN_AND_TREE_CELLS } from './cells/chain-cells.ts'
import { DELAY_CELLS } from './cells/delay-cells.ts'
import { GROUP_CELLS } from './cells/group-cells.ts'
import { OUTCOME_CELLS } from './cells/outcome-cells.ts'
import { STATE_AND_QUEUE_CELLS } from './cells/state-cells.ts'
import { describeInterop } from './interop.ts'
import { redisUrls } from './redis-urls.ts'

// Machinery has two clients of Redis, with a broker and a backend of its own for each. Arguments do not depend on them.
await describeInterop(
  'redis',
  redisUrls,
  (interop) => {
    testCells('redis-go-redis', interop, [
      ...OUTCOME_CELLS,
      ...DELAY_CELLS,
      ...CHAIN_AND_TREE_CELLS,
      ...STATE_AND_QUEUE_CELLS,
      ...GROUP_CELLS,
    ])
  },
  { client: 'go-redis' },
)
