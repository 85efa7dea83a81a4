import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a server that can be cut at will. */
export interface Proxy {
  readonly url: string
  /** The next reply of the server on any connection is thrown away, and the connection cut: the command was executed. */
  loseNextReply(): void
  /** Keeps connections open and lets nothing through, as when a cable is pulled, until `heal`. */
  swallow(): void
  heal(): void
  close(): Promise<void>
}

/** A proxy to a server on this machine. */
export async function proxyTo(url: string): Promise<Proxy> {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  let mode: 'through' | 'lose' | 'swallow' = 'through'

  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    const cut = (): void => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', cut)
      socket.on('close', () => {
        sockets.delete(socket)
        cut()
      })
    }
    client.on('data', (chunk) => mode !== 'swallow' && upstream.write(chunk))
    upstream.on('data', (chunk) => {
      if (mode === 'swallow') return
      if (mode === 'lose') {
        mode = 'through'
        cut()
      } else client.write(chunk)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseNextReply: () => void (mode = 'lose'),
    swallow: () => void (mode = 'swallow'),
    heal: () => void (mode = 'through'),
    async close() {
      for (const socket of sockets) socket.destroy()
      await once(server.close(), 'close')
    },
  }
}
