import { MachineryError } from '../core/errors.ts'

/** What a `sqlite:` URL says: the path of the file, and options after a question mark. */
export interface SqliteUrlOptions {
  readonly path: string
  readonly durability?: 'process' | 'power'
  readonly leaseMs?: number
}

/**
 * Reads `sqlite:./jobs.db`, `sqlite:/var/lib/jobs.db?durability=power&leaseMs=5000`.
 * @throws `ERR_OPTION_INVALID` for an empty path, an unknown option or a value that is not allowed.
 */
export function sqliteOptions(url: string): SqliteUrlOptions {
  const [path = '', query = ''] = url.slice('sqlite:'.length).split('?', 2)
  if (path === '')
    throw new MachineryError('ERR_OPTION_INVALID', 'sqlite: names no file; sqlite:./jobs.db is right')
  const options: { path: string; durability?: 'process' | 'power'; leaseMs?: number } = {
    path: decoded(path),
  }
  for (const [key, value] of new URLSearchParams(query)) {
    if (key === 'durability' && (value === 'process' || value === 'power')) options.durability = value
    else if (key === 'leaseMs' && Number.isFinite(Number(value)) && Number(value) > 0)
      options.leaseMs = Number(value)
    else
      throw new MachineryError(
        'ERR_OPTION_INVALID',
        `sqlite: has ${key}=${value}; durability=process|power and leaseMs=<ms> are right`,
      )
  }
  return options
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch (cause) {
    throw new MachineryError(
      'ERR_OPTION_INVALID',
      `sqlite: has the path ${path}; a % is right only before two hexadecimal digits, as in %20 or %25`,
      { cause },
    )
  }
}
