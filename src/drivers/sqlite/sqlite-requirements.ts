import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'

import { MachineryError } from '../../core/errors.ts'

/** First Node versions whose SQLite is free of the WAL-reset bug. */
const NODE_NEEDED = 'Node 22.23.3, or 24.21.0'

/**
 * Whether a version of SQLite can corrupt a database in WAL mode that several connections use:
 * 3.7.0 to 3.51.2, except 3.44.6 and 3.50.7 (https://sqlite.org/wal.html#walresetbug).
 */
export function hasWalResetBug(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  if (major !== 3) return major < 3
  if (minor === 44) return patch < 6
  if (minor === 50) return patch < 7
  return minor < 51 || (minor === 51 && patch < 3)
}

/** @throws `ERR_UNSUPPORTED` when this version of SQLite must not be shared between processes */
export function requireSafeSqlite(version: string): void {
  if (!hasWalResetBug(version)) return
  throw new MachineryError(
    'ERR_UNSUPPORTED',
    `SQLite ${version}, part of Node ${process.versions.node}, can corrupt a file that several processes use ` +
      `(sqlite.org/wal.html#walresetbug); ${NODE_NEEDED}, or a later one is needed`,
    { details: { sqlite: version, node: process.versions.node } },
  )
}

/** Types that `statfs` gives for file systems over a network (Linux: statfs(2)), on which WAL does not work. */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x5346414f, 'AFS'],
  [0x73757245, 'Coda'],
  [0x564c, 'NCP'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
])

/** Name of the network file system with this type; undefined for any other. */
export function networkFileSystem(type: number): string | undefined {
  return NETWORK_FILE_SYSTEMS.get(type >>> 0)
}

/** @throws `ERR_UNSUPPORTED` when `path` lies on a file system that is known to be a network's */
export function requireLocalFileSystem(
  path: string,
  typeOf: (directory: string) => number = statfsType,
): void {
  const name = process.platform === 'linux' ? networkFileSystem(typeOf(dirname(path))) : undefined
  if (name === undefined) return
  throw new MachineryError(
    'ERR_UNSUPPORTED',
    `${path} lies on a network file system (${name}), where SQLite cannot be shared safely; ` +
      'use a directory on a local disk, or another broker',
    { details: { path, fileSystem: name } },
  )
}

function statfsType(directory: string): number {
  try {
    return statfsSync(directory).type
  } catch {
    // Opening the file says what is wrong with the directory.
    return 0
  }
}
