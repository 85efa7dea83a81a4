export type { ArgType } from './arg-type.ts'
export { array, bytes } from './arrays.ts'
export { inferArg, type InferredArg } from './infer.ts'
export {
  int,
  int16,
  int32,
  int64,
  int8,
  uint,
  uint16,
  uint32,
  uint64,
  uint8,
  type WideIntegerType,
} from './integers.ts'
export { json } from './json.ts'
export { argTypeOf, decodeArg } from './registry.ts'
export { bool, float32, float64, string } from './scalars.ts'
export { exactTime, type ExactTime, time, type TimeType } from './times.ts'
