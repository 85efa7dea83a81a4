import { service, type Service } from '../support/service-process.ts'

// Starts a server and waits to be killed: its parent looks at what becomes of the server.
const redis: Service = await service('redis')
process.stdout.write(`${JSON.stringify({ pid: redis.pid, url: redis.url })}\n`)
