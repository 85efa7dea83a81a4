import { createHash } from 'node:crypto'

/** Names one attempt: the digest of the exact message bytes (spec: reliability 4.2). */
export function messageDigest(body: Uint8Array): string {
  return createHash('sha1').update(body).digest('base64url')
}
