#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { systemClock } from '../core/clock.ts'
import { errorText, isMachineryError } from '../core/errors.ts'
import { previewText } from './preview.ts'

const USAGE = `usage: machinery schedule preview SPEC [--zone ZONE] [--dst go|shift|utc] [--count N] [--after INSTANT]

Prints the next runs of a cron specification in robfig/cron's dialect, one a line, in its zone and in UTC.

  machinery schedule preview '0 6 * * mon-fri' --zone Europe/Berlin
  machinery schedule preview '@every 1h30m' --count 3`

/** Wrong usage, as command lines say it. */
const EXIT_USAGE = 2

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      zone: { type: 'string' },
      dst: { type: 'string' },
      count: { type: 'string' },
      after: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const [noun, verb, spec, ...more] = positionals
  if (values.help === true) console.log(USAGE)
  else if (noun !== 'schedule' || verb !== 'preview' || spec === undefined || more.length > 0) {
    console.error(USAGE)
    process.exitCode = EXIT_USAGE
  } else console.log(previewText(spec, values, systemClock.now()))
} catch (error) {
  console.error(isMachineryError(error) ? error.message : `${errorText(error)}\n\n${USAGE}`)
  process.exitCode = EXIT_USAGE
}
