import { isViolation } from './check-evidence.ts'
import type { FaultReport } from './fault-run.ts'

/** The report as a table for people. */
export function reportText({ findings, troubles, seconds }: FaultReport): string {
  const rows = findings.map((finding) => {
    const { what, count, most, examples } = finding
    const verdict = most === undefined ? '' : isViolation(finding) ? 'VIOLATION' : 'ok'
    const line = `${what.padEnd(36)}${String(count).padStart(8)}${String(most ?? '').padStart(9)}  ${verdict}`
    return [line.trimEnd(), ...examples.map((example) => `    ${example}`)].join('\n')
  })
  const tried = [...troubles].map(([text, count]) => `tried again, ${count} times: ${text}`)
  const violations = findings.filter(isViolation).length
  const end = violations === 0 ? 'No violation' : `${violations} VIOLATIONS`
  return [
    `${''.padEnd(36)}${'found'.padStart(8)}${'allowed'.padStart(9)}`,
    ...rows,
    ...tried,
    `${end} in ${seconds.toFixed(1)} s.`,
  ].join('\n')
}
