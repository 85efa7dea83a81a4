/** Host and port of a `redis:` URL. */
export function redisPlace(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}
