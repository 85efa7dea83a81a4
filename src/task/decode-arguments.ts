import { decodeArg, type ArgType } from '../core/arg-types/index.ts'
import { MachineryError } from '../core/errors.ts'
import type { Arg } from '../core/message.ts'
import type { DeclaredTypes, TaskDefinition } from './task-definition.ts'

/**
 * The values of a message's arguments, as the handler gets them. A contract binds as Go does: exactly the declared number and
 * exactly the declared types, no conversion; a parameter of type `json` takes any. Without a contract any supported
 * type and any number is taken.
 * @throws `ERR_DECODE` with Machinery's or Go's text (go-core 2.2, 2.7).
 */
export function decodeArguments({ declared }: TaskDefinition, args: readonly Arg[]): unknown[] {
  return declared === undefined ? args.map(decodeArg) : decodeDeclared(declared, args)
}

function decodeDeclared({ args: types, rest }: DeclaredTypes, args: readonly Arg[]): unknown[] {
  if (args.length < types.length) throw bindError('reflect: Call with too few input arguments')
  if (args.length > types.length && rest === undefined) {
    throw bindError('reflect: Call with too many input arguments')
  }
  return args.map((arg, index) => {
    const type = types[index]
    return type === undefined ? decodeRest(rest as ArgType<unknown>, arg) : decodeOne(type, arg)
  })
}

function decodeOne(type: ArgType<unknown>, arg: Arg): unknown {
  const wire = goTypeName(arg.type)
  const wanted = goTypeName(type.typeName)
  if (wire === wanted) return type.decode(arg.value)
  // An unsupported type has its own text, which Go finds first.
  const value = decodeArg(arg)
  if (wanted === 'json') return value
  throw bindError(`reflect: Call using ${wire} as type ${wanted}`)
}

function decodeRest(type: ArgType<unknown>, arg: Arg): unknown {
  const wire = goTypeName(arg.type)
  const wanted = goTypeName(type.typeName)
  if (wire === wanted) return type.decode(arg.value)
  const value = decodeArg(arg)
  if (wanted === 'json') return value
  throw bindError(`reflect: cannot use ${wire} as type ${wanted} in Call`)
}

/** Go prints `[]byte` as what it is an alias of. */
function goTypeName(name: string): string {
  return name === '[]byte' ? '[]uint8' : name
}

function bindError(text: string): MachineryError {
  return new MachineryError('ERR_DECODE', text)
}
