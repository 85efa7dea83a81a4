import { errorText, MachineryError } from '../core/errors.ts'
import { CONTROL_AREAS, controlOf } from './control-areas.ts'
import type { Runtime } from './runtime.ts'

/** How far a task is: a share from 0 to 1, or an object that is JSON of at most 4 KiB. */
export type TaskProgress = number | { readonly [key: string]: unknown }

const MAX_BYTES = 4_096

/**
 * The stored form.
 * @throws `ERR_OPTION_INVALID` for anything else than a `TaskProgress`.
 */
export function encodeProgress(value: TaskProgress): string {
  if (typeof value === 'number') {
    if (value >= 0 && value <= 1) return String(value)
    throw invalid(String(value))
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`)
  const text = jsonOf(value)
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_BYTES) throw invalid(`an object of ${bytes} bytes`)
  return text
}

/**
 * What the tasks told last, in order; undefined where nothing is stored.
 * @throws as `controlOf`.
 */
export async function readProgress(
  runtime: Runtime,
  uuids: readonly string[],
): Promise<readonly (TaskProgress | undefined)[]> {
  const texts = await controlOf(runtime, 'progress').get(CONTROL_AREAS.progress, uuids)
  return texts.map((text) => (text === undefined ? undefined : (JSON.parse(text) as TaskProgress)))
}

function jsonOf(value: object): string {
  try {
    const text: unknown = JSON.stringify(value)
    if (typeof text === 'string') return text
  } catch (cause) {
    throw invalid(`no JSON: ${errorText(cause)}`, cause)
  }
  throw invalid('no JSON')
}

function invalid(what: string, cause?: unknown): MachineryError {
  return new MachineryError(
    'ERR_OPTION_INVALID',
    `progress is ${what}; a number from 0 to 1, or an object that is JSON of at most ${MAX_BYTES} bytes, is right`,
    { cause },
  )
}
