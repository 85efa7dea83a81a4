#!/usr/bin/env node
import { CommanderError } from 'commander'
import { EXIT } from './exit-code.ts'
import { createProgram } from './program.ts'

try {
  await createProgram().parseAsync(process.argv)
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  // Help and version that were asked for; everything else that commander throws is wrong usage.
  process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage
}
