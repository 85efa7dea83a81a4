import type { Finding, FindingLevel } from '../../core/ports/diagnosis.ts'

/** A finding that `repair` does not mend. */
export function finding(check: string, level: FindingLevel, text: string): Finding {
  return { check, level, text, canRepair: false }
}
