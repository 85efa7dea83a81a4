import { runProgram } from './program.ts'

// Machinery's `example/redis`: broker and results on one Redis.
const url = process.env['REDIS_URL'] ?? 'redis://localhost:6379'

process.exitCode = await runProgram({ broker: url, resultBackend: url }, process.argv.slice(2))
