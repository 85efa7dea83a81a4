/** What is shown for a text that is no URL: it might be nothing but a secret. */
export const UNREADABLE_URL = '(unreadable URL)'

const HOST = /^(?:\[[0-9A-Fa-f:.%]*\]|[\w.~%-]*)(?::\d*)?$/

/**
 * A URL as it may be shown: `scheme://host`, with port and comma list. Credentials, path and query are dropped
 * (go-core 9.4); where it cannot be told what is a credential, a placeholder is shown.
 */
export function redactUrl(url: string): string {
  const match = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^]*)$/.exec(url)
  const [, scheme = '', authority = '', rest = ''] = match ?? []
  const hosts = authority.slice(authority.lastIndexOf('@') + 1)
  const areHosts = hosts.split(',').every((host) => HOST.test(host))
  const isReadable = areHosts && !rest.includes('@') && (scheme !== '' || !url.includes(':'))
  return isReadable ? `${scheme.toLowerCase()}://${hosts}` : UNREADABLE_URL
}
