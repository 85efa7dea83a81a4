import { runProgram } from '../02-redis/program.ts'

// Machinery's `example/amqp`: messages through RabbitMQ. The results are on Redis: groups and chords need a backend that
// counts, which AMQP cannot.
const broker = process.env['AMQP_URL'] ?? 'amqp://guest:guest@localhost:5672/'
const resultBackend = process.env['REDIS_URL'] ?? 'redis://localhost:6379'

process.exitCode = await runProgram({ broker, resultBackend }, process.argv.slice(2))
