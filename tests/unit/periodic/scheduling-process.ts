import { createServer } from '../../../src/app/create-server.ts'
import { add } from './scheduling.ts'

// A process that schedules one task every second, until it is killed.

const url = `sqlite:${process.argv[2]}`
const server = await createServer({ broker: url, resultBackend: url })
await server.schedule('beat', '@every 1s', add(1, 1))
process.send?.('ready')
