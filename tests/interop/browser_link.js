// How the scripts beside this file speak with the test that started them: settings come in the
// environment; the script prints one line of JSON for each wish, the test answers with one line.
import { createInterface } from 'node:readline'

export const { algorithm, issuer, clientId, secret, method, redirectUri, api, privateJwk, signs } =
  JSON.parse(process.env.INTEROP)

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

// Have the person open `url`; the URL that the browser is sent back to.
export async function visit(url) {
  console.log(JSON.stringify({ open: String(url) }))
  const { value } = await lines.next()
  return new URL(value)
}

// Tell the result, and end.
export function done(result) {
  console.log(JSON.stringify({ done: result }))
  process.exit(0)
}
