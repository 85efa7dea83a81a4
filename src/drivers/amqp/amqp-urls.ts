import { MachineryError } from '../../core/errors.ts'
import { redactUrl } from '../../core/redact-url.ts'
import { type AmqpStoreOptions, invalidOption } from './amqp-options.ts'

/** A comma or the like can be part of a password: only one before another URL separates. */
const BETWEEN_URLS = /[,;|\s]+(?=amqps?:\/\/)/i

/**
 * The URLs that `url` or `urls` name, in the order in which they are tried.
 * @throws `ERR_OPTION_INVALID`
 */
export function amqpUrls(options: AmqpStoreOptions): readonly string[] {
  const { url, urls, urlSeparator, tls } = options
  if ((url === undefined) === (urls === undefined)) {
    const text = 'amqp needs one of url, urls and connection; a URL such as amqp://localhost:5672 is right'
    throw new MachineryError('ERR_OPTION_INVALID', text)
  }
  if (urlSeparator === '') throw invalidOption('urlSeparator', urlSeparator, 'it must not be empty')
  const all = urls ?? (url ?? '').split(urlSeparator ?? BETWEEN_URLS)
  if (all.length === 0) throw invalidOption('urls', all, 'it must name at least one server')
  if (tls?.rejectUnauthorized === false && options.allowInsecureTls !== true) {
    throw invalidOption('tls.rejectUnauthorized', false, 'it must be true, unless allowInsecureTls is set')
  }
  return all.map(checkedUrl)
}

function checkedUrl(url: string): string {
  const trimmed = url.trim()
  if (/^amqps?:\/\//i.test(trimmed) && URL.canParse(trimmed)) return trimmed
  const text = `${redactUrl(trimmed)} is no URL of amqp; amqp://user:password@host:port/vhost is right`
  throw new MachineryError('ERR_OPTION_INVALID', text)
}

/** URLs as they may be shown. */
export function urlsName(urls: readonly string[]): string {
  return urls.map(redactUrl).join(', ')
}
