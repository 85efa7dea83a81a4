import assert from 'node:assert/strict'

/** Asserts that two byte strings are equal; says where they differ, since a diff of long ones takes minutes. */
export function assertBytes(actual: Uint8Array, expected: Uint8Array): void {
  const where = expected.findIndex((byte, index) => byte !== actual[index])
  assert.equal(where, -1, `byte ${where} is ${actual[where]}, expected ${expected[where]}`)
  assert.equal(actual.length, expected.length, 'wrong number of bytes')
}
