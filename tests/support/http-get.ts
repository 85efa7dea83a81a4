import { request } from 'node:http'
import { text } from 'node:stream/consumers'

/** What a server answered. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** Asks over a connection of its own, which is closed afterwards. */
export function httpGet(url: string, method: string = 'GET'): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, method }, (response) => {
      text(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        reject,
      )
    })
    asked.on('error', reject)
    asked.end()
  })
}
