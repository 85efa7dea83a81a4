import { expect, it } from 'vitest'

import { interopTable } from '../../../scripts/interop-table.ts'

it('counts the cells by area and direction', () => {
  const rows = interopTable('redis', [
    { area: 'chains', direction: 'mixed', name: 'a' },
    { area: 'chains', direction: 'mixed', name: 'b' },
    { area: 'outcomes', direction: 'Go → TypeScript', name: 'c' },
  ]).split('\n')
  expect(rows.map((row) => row.replaceAll(/ +/g, ' '))).toEqual([
    '| redis: cells passed | Go → TypeScript | TypeScript → Go | mixed |',
    '| ------------------- | --------------- | --------------- | ----- |',
    '| chains | | | 2 |',
    '| outcomes | 1 | | |',
    '| all | 1 | | 2 |',
  ])
})
