import type { ConnectionOptions } from 'node:tls'

import { MachineryError } from '../../core/errors.ts'
import { redactUrl } from '../../core/redact-url.ts'
import { invalidOption, type RedisStoreOptions } from './redis-options.ts'

/** A host and its port. */
export interface RedisHost {
  readonly host: string
  readonly port: number
}

/** Where a server is and how to get in: plain data, so that the lease thread can have it too. */
export interface RedisTarget {
  readonly kind: 'single' | 'sentinel' | 'cluster'
  /** Empty for a socket. */
  readonly hosts: readonly RedisHost[]
  readonly path: string | undefined
  readonly db: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly masterName: string | undefined
  readonly sentinelUsername: string | undefined
  readonly sentinelPassword: string | undefined
  readonly tls: ConnectionOptions | undefined
}

interface Address {
  readonly hosts: readonly RedisHost[]
  readonly path?: string
  readonly db?: number
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly isTls?: boolean
}

const DEFAULT_PORT = 6379

/**
 * What `url`, or `hosts`, and the options beside it say (go-brokers-backends 2.3, 2.4).
 * @throws `ERR_OPTION_INVALID`
 */
export function redisTarget(options: RedisStoreOptions): RedisTarget {
  const { url, hosts, masterName, tls } = options
  if ((url === undefined) === (hosts === undefined)) {
    const text = 'redis needs one of url, hosts and client; a URL such as redis://localhost:6379 is right'
    throw new MachineryError('ERR_OPTION_INVALID', text)
  }
  const address = url === undefined ? { hosts: (hosts ?? []).map(hostOf) } : addressOf(url)
  const { path } = address
  if (path === undefined && address.hosts.length === 0)
    throw invalidOption('hosts', hosts, 'it names no host')
  const kind = kindOf(options, address)
  const db = options.db ?? address.db ?? 0
  if (!Number.isInteger(db) || db < 0 || (kind === 'cluster' && db > 0)) {
    throw invalidOption('db', db, 'it must be the number of a database; a Cluster has only 0')
  }
  if (tls?.rejectUnauthorized === false && options.allowInsecureTls !== true) {
    throw invalidOption('tls.rejectUnauthorized', false, 'it must be true, unless allowInsecureTls is set')
  }
  return {
    kind,
    hosts: address.hosts,
    path,
    db,
    username: options.username ?? address.username,
    password: options.password ?? address.password,
    masterName,
    sentinelUsername: options.sentinelUsername,
    sentinelPassword: options.sentinelPassword,
    tls: tls ?? (address.isTls === true ? {} : undefined),
  }
}

function kindOf({ masterName, cluster }: RedisStoreOptions, { hosts, path }: Address): RedisTarget['kind'] {
  if (masterName !== undefined) return 'sentinel'
  if (path !== undefined) return 'single'
  return (cluster ?? hosts.length > 1) ? 'cluster' : 'single'
}

function addressOf(url: string): Address {
  const scheme = /^(rediss?|redis\+socket):\/\//i.exec(url)
  const rest = scheme === null ? '' : url.slice(scheme[0].length)
  if (scheme === null || rest.includes('://')) throw unreadable(url)
  const at = rest.lastIndexOf('@')
  const place = rest.slice(at + 1)
  if (scheme[1]?.toLowerCase() === 'redis+socket')
    return socketAddress(url, rest.slice(0, Math.max(at, 0)), place)
  const [authority = '', db = ''] = place.split('/')
  const hosts = authority.split(',').map(hostOf)
  return {
    hosts,
    db: databaseOf(db),
    // A list of hosts has its credentials as they are (go-redis), a single one percent-encoded (redigo).
    ...credentialsOf(rest.slice(0, Math.max(at, 0)), hosts.length === 1 ? decodeURIComponent : String),
    isTls: scheme[1]?.toLowerCase() === 'rediss',
  }
}

function socketAddress(url: string, credentials: string, place: string): Address {
  const [path = '', db = ''] = place.split(':')
  if (path === '') throw unreadable(url)
  return {
    hosts: [],
    path,
    db: databaseOf(db.slice(db.indexOf('/') + 1)),
    ...credentialsOf(credentials, String),
  }
}

/** A number that cannot be read is 0, as in Go. */
function databaseOf(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : 0
}

/** `user:password`, or a password alone. */
function credentialsOf(
  text: string,
  decode: (part: string) => string,
): Pick<Address, 'username' | 'password'> {
  if (text === '') return {}
  const colon = text.indexOf(':')
  const username = decode(text.slice(0, Math.max(colon, 0)))
  const password = decode(text.slice(colon + 1))
  return {
    username: username === '' ? undefined : username,
    password: password === '' ? undefined : password,
  }
}

function hostOf(text: string): RedisHost {
  const match = /^(?:\[([0-9a-f:.%]+)\]|([^:/@\s]+))(?::(\d{1,5}))?$/i.exec(text)
  if (match === null) {
    throw new MachineryError('ERR_OPTION_INVALID', 'a host of redis cannot be read; host:port is right')
  }
  return { host: match[1] ?? match[2] ?? '', port: match[3] === undefined ? DEFAULT_PORT : Number(match[3]) }
}

function unreadable(url: string): MachineryError {
  const text = `${redactUrl(url)} is no URL of redis; redis://host:port or redis+socket:///path/to/file.sock is right`
  return new MachineryError('ERR_OPTION_INVALID', text)
}

/** A target as it may be shown: without credentials. */
export function targetName({ kind, hosts, path, masterName, db }: RedisTarget): string {
  const place = path ?? hosts.map(({ host, port }) => `${host}:${port}`).join(',')
  const name = masterName === undefined ? '' : ` (${masterName})`
  return `redis ${kind} ${place}${name}${db === 0 ? '' : `/${db}`}`
}
