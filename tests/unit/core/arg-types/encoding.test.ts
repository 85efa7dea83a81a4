import { describe, expect, it } from 'vitest'
import {
  array,
  bool,
  bytes,
  exactTime,
  float32,
  float64,
  inferArg,
  int16,
  int64,
  int8,
  json,
  string,
  time,
  uint,
  uint16,
  uint64,
  uint8,
} from '../../../../src/core/arg-types/index.ts'
import { thrownBy } from '../thrown.ts'

const failure = (call: () => unknown): string => {
  const error = thrownBy(call)
  expect(error.code).toBe('ERR_ENCODE')
  return error.message
}

describe('scalars', () => {
  it('write what Go reads', () => {
    expect(int64.encode(-0)).toBe('0')
    expect(int64.encode(9_007_199_254_740_991)).toBe('9007199254740991')
    expect(int64.big.encode(-(2n ** 63n))).toBe('-9223372036854775808')
    expect(uint64.big.encode(2n ** 64n - 1n)).toBe('18446744073709551615')
    expect(uint.big.encode(5 as unknown as bigint)).toBe('5')
    expect(float64.encode(-0)).toBe('-0')
    expect(float64.encode(1e21)).toBe('1e+21')
    expect(float32.encode(0.1)).toBe('0.10000000149011612')
    expect(bool.encode(false)).toBe('false')
    expect(string.encode('a"\uDC00')).toBe('"a\\"\uFFFD"')
    expect(string.encode('\uDC00')).toBe('"\uFFFD"')
    expect(bytes.encode(Buffer.from('hi'))).toBe('"aGk="')
    expect(time.encode(new Date('2026-11-24T02:29:47.430Z'))).toBe('"2026-11-24T02:29:47.43Z"')
  })

  it.each([
    [() => int8.encode(128), '128 is not int8: it must be an integer from -128 to 127'],
    [() => uint8.encode(-1), '-1 is not uint8: it must be an integer from 0 to 255'],
    [() => int16.encode(1.5), '1.5 is not int16'],
    [() => int64.encode(2 ** 53), '9007199254740992 is not int64'],
    [() => int64.encode('5' as unknown as number), '"5" is not int64'],
    [() => int64.big.encode(2n ** 63n), '9223372036854775808n is not int64'],
    [() => uint64.big.encode(-1n), '-1n is not uint64'],
    [() => int64.big.encode(1.5 as unknown as bigint), '1.5 is not int64'],
    [() => float64.encode(Number.NaN), 'NaN is not float64: it must be a finite number'],
    [() => float64.encode(Number.POSITIVE_INFINITY), 'Infinity is not float64'],
    [() => float64.encode(1n as unknown as number), '1n is not float64'],
    [() => float32.encode(3.5e38), '3.5e+38 is not float32'],
    [() => bool.encode(1 as unknown as boolean), '1 is not bool: it must be true or false'],
    [() => string.encode(null as unknown as string), 'null is not string'],
    [() => bytes.encode([1] as unknown as Uint8Array), 'an array is not []uint8: it must be a Uint8Array'],
    [
      () => time.encode(new Date(Number.NaN)),
      'is not time.Time: it must be a valid time in the years 0000 to 9999',
    ],
    [() => time.encode(new Date(8.64e15)), 'is not time.Time'],
    [() => time.exact.encode({ ...exactTime('2026-01-01T00:00:00Z'), text: 'x' }), '"x" is not time.Time'],
    [() => array(int64).encode(new Set([1]) as unknown as number[]), 'an object (Set) is not []int64'],
    [() => array(int8).encode([1, 300]), '300 is not int8'],
  ])('%#', (call, message) => {
    expect(failure(call)).toContain(message)
  })

  it('tell to use big beyond 2^53', () => {
    expect(thrownBy(() => int64.decode('9007199254740993'))).toMatchObject({
      code: 'ERR_DECODE',
      message: '9007199254740993 does not fit a number exactly: declare int64.big for int64 beyond 2^53',
    })
    expect(int64.big.decode('9007199254740993')).toBe(9_007_199_254_740_993n)
    expect(int64.decode('-9007199254740991')).toBe(-9_007_199_254_740_991)
  })

  it('keep nanoseconds, offset and text of an exact time', () => {
    const text = '2026-11-24T02:29:47.432455828-03:30'
    const exact = time.exact.decode(`"${text}"`)
    expect(exact).toEqual({
      text,
      epochMs: Date.parse('2026-11-24T05:59:47.432Z'),
      nanos: 455_828,
      offsetMinutes: -210,
    })
    expect(time.exact.encode(exact)).toBe(`"${text}"`)
    expect(failure(() => time.exact.encode(exactTime('2026-01-01T00:00:00.0123456789Z')))).toContain(
      '9 digits',
    )
  })
})

describe('array', () => {
  it('writes its elements, and bytes as base64', () => {
    expect(array(int64).encode([1, 2])).toBe('[1,2]')
    expect(array(uint16).encode([])).toBe('[]')
    expect(array(uint8).encode([104, 105])).toBe('"aGk="')
    expect(array(uint8).decode('"aGk="')).toEqual([104, 105])
    expect(array(uint64.big).decode('"AQI="')).toEqual([1n, 2n])
    expect(array(time.exact).typeName).toBe('[]time.Time')
    expect(array(string).decode('[ "a" , "b" ]')).toEqual(['a', 'b'])
  })

  it.each([() => array(array(int64)), () => array(bytes), () => array(json)])(
    'has no slice of slices (%#)',
    (call) => {
      const error = thrownBy(call)
      expect(error.code).toBe('ERR_OPTION_INVALID')
      expect(error.message).toContain('is not one of supported types: use json')
    },
  )
})

describe('inferArg', () => {
  it.each([
    [true, 'bool', 'true'],
    [2, 'int64', '2'],
    [-2, 'int64', '-2'],
    [2.5, 'float64', '2.5'],
    [-0, 'float64', '-0'],
    [2 ** 53, 'float64', '9007199254740992'],
    [5n, 'int64', '5'],
    [2n ** 63n - 1n, 'int64', '9223372036854775807'],
    [2n ** 63n, 'uint64', '9223372036854775808'],
    ['x', 'string', '"x"'],
    [new Date(1), 'time.Time', '"1970-01-01T00:00:00.001Z"'],
    [Uint8Array.from([1]), '[]uint8', '"AQ=="'],
    [Buffer.from('hi'), '[]uint8', '"aGk="'],
    [[1, 2], '[]int64', '[1,2]'],
    [[1, 2.5], '[]float64', '[1,2.5]'],
    [[1, 2n], '[]int64', '[1,2]'],
    [[2n ** 63n, 1], '[]uint64', '[9223372036854775808,1]'],
    [[true], '[]bool', '[true]'],
    [['a', 'b'], '[]string', '["a","b"]'],
    [[new Date(0)], '[]time.Time', '["1970-01-01T00:00:00Z"]'],
    [[], 'json', '[]'],
    [null, 'json', 'null'],
    [[1, 'a'], 'json', '[1,"a"]'],
    [[[1]], 'json', '[[1]]'],
    [{ a: 1, b: undefined, c: [-0, { d: null }] }, 'json', '{"a":1,"c":[-0,{"d":null}]}'],
    [{ at: new Date(0) }, 'json', '{"at":"1970-01-01T00:00:00.000Z"}'],
    [{ toJSON: () => 7 }, 'json', '7'],
    [Object.create(null), 'json', '{}'],
  ])('%o is %s %s', (value, type, text) => {
    expect(inferArg(value)).toEqual({ type, value: text })
  })

  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = [cyclic]
  let deep: unknown = 1
  for (let depth = 0; depth < 600; depth += 1) deep = { a: deep }

  it.each([
    [undefined, 'value is undefined'],
    [() => 1, 'value is a function'],
    [Symbol('s'), 'value is Symbol(s)'],
    [Number.NaN, 'value: NaN is not float64'],
    [[1, Number.NaN], 'value[1]: NaN is not float64'],
    [2n ** 64n, 'value: 18446744073709551616n is not uint64'],
    [new Date(Number.NaN), 'value: an object (Date) is not time.Time'],
    [['a', undefined], 'value[1] is undefined'],
    [Array(1), 'value[0] is undefined'],
    [{ a: { b: [0, () => 1] } }, 'value.a.b[1] is a function'],
    [{ a: Number.POSITIVE_INFINITY }, 'value.a is Infinity'],
    [{ a: 1n }, 'value.a is 1n'],
    [{ a: new Map() }, 'value.a is an object (Map)'],
    [{ a: new Uint8Array() }, 'value.a is an object (Uint8Array)'],
    [{ a: new Date(Number.NaN) }, 'value.a is an invalid Date'],
    [cyclic, 'value.self[0] contains itself'],
    [deep, 'is nested more than 512 deep'],
  ])('%#: has no representation', (value, message) => {
    const error = thrownBy(() => inferArg(value))
    expect(error.code).toBe('ERR_ENCODE')
    expect(error.message).toContain(message)
    expect(error.details['path']).toMatch(/^value/)
  })

  it('writes an object that occurs twice without being cyclic', () => {
    const shared = { a: 1 }
    expect(inferArg({ x: shared, y: shared }).value).toBe('{"x":{"a":1},"y":{"a":1}}')
  })
})
