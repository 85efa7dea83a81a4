import { describe, expect, it } from 'vitest'
import { argTypeOf, decodeArg } from '../../../../src/core/arg-types/index.ts'
import { thrownBy } from '../thrown.ts'

const decode = (type: string, value: string): unknown => decodeArg({ type, value })

describe('the conversion table (go-core 2.3)', () => {
  it.each([
    ['int64', '9223372036854775807', 9_223_372_036_854_775_807n],
    ['int64', '-9223372036854775808', -9_223_372_036_854_775_808n],
    ['uint64', '9223372036854775808', 9_223_372_036_854_775_808n],
    ['uint64', '18446744073709551615', 18_446_744_073_709_551_615n],
    ['float64', '9007199254740993', 9_007_199_254_740_992],
    ['float64', '-0', -0],
    ['float64', '1e-400', 0],
    ['float32', '0.1', Math.fround(0.1)],
    ['[]uint16', '"AQI="', [1, 2]],
    ['[]uint64', '"AQI="', [1, 2]],
    ['[]uint', '""', []],
    ['[]byte', '"aGVsbG8="', Uint8Array.from(Buffer.from('hello'))],
    ['[]byte', '"aGVs\\r\\nbG8=\\n"', Uint8Array.from(Buffer.from('hello'))],
    ['[]uint8', '[104,105]', Uint8Array.from([104, 105])],
    ['[]uint8', 'null', new Uint8Array()],
    ['json', '{"a":[1,null]}', { a: [1, null] }],
  ])('%s %s', (type, value, expected) => {
    expect(decode(type, value)).toStrictEqual(expected)
  })

  it.each([
    ['int64', '9223372036854775808', 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
    ['int64', '1.0', 'strconv.ParseInt: parsing "1.0": invalid syntax'],
    ['int64', '1.5', 'strconv.ParseInt: parsing "1.5": invalid syntax'],
    ['int64', '1e3', 'strconv.ParseInt: parsing "1e3": invalid syntax'],
    ['int64', '"5"', '5 is not int64'],
    ['int64', 'null', '<nil> is not int64'],
    ['int64', 'true', 'true is not int64'],
    ['int64', '{}', 'map[] is not int64'],
    ['int64', '[1,2]', '[1 2] is not int64'],
    ['int64', '{"b":[1.0,null],"a":"x"}', 'map[a:x b:[1.0 <nil>]] is not int64'],
    [
      'uint64',
      '18446744073709551616',
      'strconv.ParseUint: parsing "18446744073709551616": value out of range',
    ],
    ['uint64', '-1', 'strconv.ParseUint: parsing "-1": invalid syntax'],
    ['uint8', '-1', 'strconv.ParseUint: parsing "-1": invalid syntax'],
    ['uint8', '256', 'strconv.ParseUint: parsing "256": value out of range'],
    ['int8', '300', 'strconv.ParseInt: parsing "300": value out of range'],
    ['int16', '-32769', 'strconv.ParseInt: parsing "-32769": value out of range'],
    ['int32', '2147483648', 'strconv.ParseInt: parsing "2147483648": value out of range'],
    ['uint32', '"1"', '1 is not uint32'],
    ['float64', '1e400', 'strconv.ParseFloat: parsing "1e400": value out of range'],
    ['float32', '3.5e38', 'strconv.ParseFloat: parsing "3.5e38": value out of range'],
    ['float64', '"NaN"', 'NaN is not float64'],
    ['float64', 'null', '<nil> is not float64'],
    ['bool', '1', '1 is not bool'],
    ['bool', '"true"', 'true is not bool'],
    ['string', '1', '1 is not string'],
    ['string', '[]', '[] is not string'],
    ['[]byte', '"aGVsbG8"', 'illegal base64 data at input byte 4'],
    ['[]byte', '"a-_="', 'illegal base64 data at input byte 1'],
    ['[]byte', '"aGk=x"', 'illegal base64 data at input byte 4'],
    ['[]byte', '"a==="', 'illegal base64 data at input byte 1'],
    ['[]byte', '"ab="', 'illegal base64 data at input byte 3'],
    ['[]byte', '"ab=c"', 'illegal base64 data at input byte 2'],
    ['[]byte', '"a"', 'illegal base64 data at input byte 0'],
    ['[]byte', '[256]', 'strconv.ParseUint: parsing "256": value out of range'],
    ['[]byte', '["a"]', 'a is not uint8'],
    ['[]byte', '5', '5 is not []byte'],
    ['[]bool', '[true,1]', '1 is not bool'],
    ['[]int64', '[1.5]', 'strconv.ParseInt: parsing "1.5": invalid syntax'],
    ['[]int64', 'true', 'true is not []int64'],
    ['[]int64', '{"a":1}', 'map[a:1] is not []int64'],
    ['[]int64', '{}', 'map[] is not []int64'],
    ['[]int64', '5', '5 is not []int64'],
    ['[]int64', '"AQI="', 'AQI= is not []int64'],
    ['[]string', '"x"', 'x is not []string'],
    ['time.Time', '1704164645', '1704164645 is not time.Time'],
    ['[]time.Time', '["x"]', 'expected RFC3339Nano time string'],
    ['json', '{"__proto__":1}', 'key __proto__ is not allowed in json'],
    ['json', '{"\\u005f_proto__":1}', 'key __proto__ is not allowed in json'],
    ['json', '[{"constructor":{"prototype":1}}]', 'key constructor is not allowed in json'],
    ['json', '1e400', 'a number in json is out of the range of float64'],
  ])('%s %s', (type, value, message) => {
    const error = thrownBy(() => decode(type, value))
    expect(error.code).toBe('ERR_DECODE')
    expect(error.message).toBe(message)
  })

  it.each(['x', '', '2026-01-02T03:04:05', '2026-01-02', '2026-01-02T03:04:05+0200', '2026-01-02t03:04:05Z'])(
    'time.Time "%s"',
    (text) => {
      const error = thrownBy(() => decode('time.Time', JSON.stringify(text)))
      expect(error.message).toBe('expected RFC3339Nano time string')
    },
  )

  it.each([
    'byte',
    'rune',
    'interface{}',
    'map[string]int',
    'error',
    'time.Duration',
    'json.Number',
    'complex64',
    '',
    '[][]int64',
    '[]json',
    'Int64',
    'int64 ',
    'constructor',
    '__proto__',
  ])('%s is not one of supported types', (type) => {
    expect(argTypeOf(type)).toBeUndefined()
    expect(thrownBy(() => decode(type, '1')).message).toBe(`${type} is not one of supported types`)
  })

  it('reads a constructor key that is only data', () => {
    expect(decode('json', '{"constructor":"Ferrari"}')).toEqual({ constructor: 'Ferrari' })
  })

  it('shows at most 100 characters of a value', () => {
    const message = thrownBy(() => decode('int64', JSON.stringify('x'.repeat(100_000)))).message
    expect(message).toBe(`"${'x'.repeat(99)}… is not int64`)
  })
})

const INTEGERS = ['int', 'int8', 'int16', 'int32', 'int64', 'uint', 'uint8', 'uint16', 'uint32', 'uint64']
const FLOATS = ['float32', 'float64']

describe('the ReflectValue table (go-core 10.3)', () => {
  it.each([...INTEGERS, ...FLOATS])('%s 123', (type) => {
    expect(decode(type, '123')).toBe(123)
    expect(argTypeOf(type)?.typeName).toBe(type)
    expect(argTypeOf(`[]${type}`)?.typeName).toBe(`[]${type}`)
  })

  it.each(['int', 'int64', 'uint', 'uint64'])('%s 185135722552891243', (type) => {
    expect(decode(type, '185135722552891243')).toBe(185_135_722_552_891_243n)
    expect(decode(`[]${type}`, '[1,185135722552891243]')).toEqual([1, 185_135_722_552_891_243n])
  })

  it.each<readonly [string, string, unknown]>([
    ['bool', 'false', false],
    ['string', '"123"', '123'],
    ['float32', '0.5', 0.5],
    ['float64', '0.5', 0.5],
    ['[]float32', '[0.5,1.28]', [0.5, Math.fround(1.28)]],
    ['[]float64', '[0.5,1.28]', [0.5, 1.28]],
    ['[]bool', '[false,true]', [false, true]],
    ['[]string', '["foo","b\\"ar\\ud800"]', ['foo', 'b"ar\uFFFD']],
    ...INTEGERS.filter((type) => type !== 'uint8').map((type) => [`[]${type}`, '[1,2]', [1, 2]] as const),
    ['time.Time', '"2026-11-24T02:29:47.432455828+02:00"', new Date('2026-11-24T00:29:47.432Z')],
    ['[]time.Time', '["1970-01-01T00:00:00Z"]', [new Date(0)]],
    ...['bool', 'int64', 'uint64', 'float64', 'string', 'time.Time'].map(
      (type) => [`[]${type}`, 'null', []] as const,
    ),
  ])('%s %s', (type, value, expected) => {
    expect(decode(type, value)).toStrictEqual(expected)
  })
})
