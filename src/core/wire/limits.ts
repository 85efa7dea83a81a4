import { MachineryError } from '../errors.ts'

/** Limits on untrusted input. They are checked while the text is read, before anything is built from what exceeds them. */
export interface WireLimits {
  /** Size of one message. @default 524_288 */
  readonly maxBytes: number
  /** Nesting of objects and arrays, the message itself included. @default 512 */
  readonly maxDepth: number
  /** Nesting of signatures, the message itself included; at most 1,000. @default 128 */
  readonly maxSignatureDepth: number
  /** Signatures nested in one message, at any depth. @default 10_000 */
  readonly maxSignatures: number
  /** Arguments of one signature. @default 16_384 */
  readonly maxArgs: number
  /** Headers of one signature. @default 1_024 */
  readonly maxHeaders: number
  /** Characters of one number literal: a double needs 24, decimal libraries write more. @default 128 */
  readonly maxNumberLength: number
}

/** The limits that hold unless others are given (design, section 4). */
export const DEFAULT_WIRE_LIMITS: WireLimits = {
  maxBytes: 524_288,
  maxDepth: 512,
  maxSignatureDepth: 128,
  maxSignatures: 10_000,
  maxArgs: 16_384,
  maxHeaders: 1_024,
  maxNumberLength: 128,
}

/** Signatures are read and written recursively: within this ceiling the stack cannot overflow. */
export const SIGNATURE_DEPTH_CEILING = 1_000

/**
 * The default limits with changes.
 * @throws `ERR_OPTION_INVALID` when a limit is not a positive integer, or `maxSignatureDepth` is above 1,000.
 */
export function wireLimits(changes: Partial<WireLimits> = {}): WireLimits {
  const limits: WireLimits = { ...DEFAULT_WIRE_LIMITS, ...changes }
  for (const [name, value] of Object.entries(limits)) {
    const most = name === 'maxSignatureDepth' ? SIGNATURE_DEPTH_CEILING : Number.MAX_SAFE_INTEGER
    if (!(name in DEFAULT_WIRE_LIMITS)) {
      throw new MachineryError('ERR_OPTION_INVALID', `unknown wire limit ${name}`, {
        details: { limit: name },
      })
    }
    if (!Number.isSafeInteger(value) || value < 1 || value > most) {
      throw new MachineryError(
        'ERR_OPTION_INVALID',
        `${name} is ${String(value)}; it must be an integer from 1 to ${most}`,
        { details: { limit: name, value } },
      )
    }
  }
  return limits
}

/** The error of an exceeded limit. */
export function limitExceeded(limit: keyof WireLimits, value: number, maximum: number): MachineryError {
  return new MachineryError('ERR_LIMIT_EXCEEDED', `${limit}: ${value} is above the maximum of ${maximum}`, {
    details: { limit, value, maximum },
  })
}
