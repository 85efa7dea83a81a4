import type { Command } from 'commander'
import type { Page } from '../core/ports/inspector.ts'
import { wholeNumber } from './flag-values.ts'

const DEFAULT_LIMIT = 100

/** The options of every list. */
export function paged(command: Command): Command {
  return command
    .option('--limit <count>', 'most that are listed', wholeNumber(1), DEFAULT_LIMIT)
    .option('--offset <count>', 'how many are passed over', wholeNumber(0), 0)
}

/** A part of a list that is there as a whole. */
export function partOf<T>(list: readonly T[], { offset, limit }: Page): readonly T[] {
  return list.slice(offset, offset + limit)
}
