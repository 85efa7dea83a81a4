/**
 * A validator of any library that follows Standard Schema v1 (zod, valibot, arktype, …). Only the shape is used, so the
 * product depends on none of them.
 * @see https://standardschema.dev
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What a validator answers: the value, perhaps transformed, or what is wrong with it. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** One thing that is wrong. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Whether `value` has the shape of a Standard Schema v1. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  // Some libraries make their schemas functions.
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const standard = (value as Partial<StandardSchema>)['~standard']
  return standard?.version === 1 && typeof standard.validate === 'function'
}

/** All issues in one line: `[0].email: Invalid email; [1]: Required`. */
export function issuesText(issues: readonly SchemaIssue[]): string {
  return issues
    .map(({ message, path }) => (path?.length ? `${pathText(path)}: ${message}` : message))
    .join('; ')
}

function pathText(path: NonNullable<SchemaIssue['path']>): string {
  let text = ''
  for (const segment of path) {
    const key = typeof segment === 'object' ? segment.key : segment
    const isIndex = typeof key === 'number' || (typeof key === 'string' && /^\d+$/.test(key))
    if (isIndex) text += `[${String(key)}]`
    else text += text === '' ? String(key) : `.${String(key)}`
  }
  return text
}
