import type { ErrorCodeEntry } from '../src/core/error-codes.ts'
import { markdownTable } from './generated-section.ts'

/** The table of `docs/reference/errors.md`. */
export function errorTable(codes: Readonly<Record<string, ErrorCodeEntry>>): string {
  const rows = Object.entries(codes).map(([code, entry]) => [
    `\`${code}\``,
    entry.meaning,
    entry.retryable ? 'yes' : 'no',
  ])
  return markdownTable(['Code', 'Raised when', 'Retryable'], rows)
}
