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
  /** Every connection that is open now carries nothing any more, for good; new ones do. */
  halfOpen(): void
  /**
   * Cuts one connection, and one time in ten all of them: at once with a reset, or in the middle of what it carries next.
   * @param random numbers in [0, 1)
   */
  cut(random: () => number): void
  close(): Promise<void>
}

/** One connection through a proxy. */
interface Way {
  readonly client: Socket
  readonly upstream: Socket
  /** `tear`: lets half of the next chunk through, and cuts. */
  mode: 'through' | 'tear' | 'dead'
}

const ALL_AT_ONCE = 0.1

/** A proxy to a server on this machine. */
export async function proxyTo(url: string): Promise<Proxy> {
  const { hostname, port } = new URL(url)
  const ways = new Set<Way>()
  let mode: 'through' | 'lose' | 'swallow' = 'through'

  const destroy = ({ client, upstream }: Way): void => {
    client.destroy()
    upstream.destroy()
  }

  const carry = (way: Way, to: Socket, chunk: Buffer): void => {
    if (mode === 'swallow' || way.mode === 'dead') return
    if (mode === 'lose' && to === way.client) {
      mode = 'through'
      destroy(way)
    } else if (way.mode === 'tear') {
      to.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), () => destroy(way))
      way.mode = 'dead'
    } else to.write(chunk)
  }

  const cutOne = (way: Way, random: () => number): void => {
    if (random() < 0.5) {
      way.mode = 'tear'
      return
    }
    way.client.resetAndDestroy()
    way.upstream.resetAndDestroy()
  }

  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    const way: Way = { client, upstream, mode: 'through' }
    ways.add(way)
    for (const socket of [client, upstream]) {
      socket.on('error', () => destroy(way))
      socket.on('close', () => {
        ways.delete(way)
        destroy(way)
      })
    }
    client.on('data', (chunk) => carry(way, upstream, chunk))
    upstream.on('data', (chunk) => carry(way, client, chunk))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseNextReply: () => void (mode = 'lose'),
    swallow: () => void (mode = 'swallow'),
    heal: () => void (mode = 'through'),
    halfOpen: () => {
      for (const way of ways) way.mode = 'dead'
    },
    cut: (random) => {
      const all = [...ways]
      const isAll = random() < ALL_AT_ONCE
      const one = all[Math.floor(random() * all.length)]
      for (const way of all) if (isAll || way === one) cutOne(way, random)
    },
    async close() {
      for (const way of ways) destroy(way)
      await once(server.close(), 'close')
    },
  }
}
