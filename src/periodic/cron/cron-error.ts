import { MachineryError } from '../../core/errors.ts'

const KEPT_CHARACTERS = 200

/** `ERR_OPTION_INVALID` for a cron specification, with robfig/cron's own text; `details.spec` holds its first 200 characters. */
export function cronError(spec: string, goText: string): MachineryError {
  return new MachineryError('ERR_OPTION_INVALID', goText, {
    details: { spec: spec.slice(0, KEPT_CHARACTERS) },
  })
}

/** What is wrong with a part of a specification, in robfig/cron's words; the value to throw knows the whole specification. */
export interface Problem {
  readonly problem: string
}

/** Whether a parse ended in a problem. */
export function isProblem(result: object | bigint): result is Problem {
  return typeof result === 'object' && 'problem' in result
}
