// An organization of the test's own.

/** Signs up and returns how to make keys. */
export async function signUp(url) {
  const response = await fetch(`${url}/v1/signup`, json({
    email: `registry-${crypto.randomUUID()}@example.com`, password: 'correct horse battery', organization: 'Registry users',
  }))
  if (!response.ok) throw new Error(`signup: ${response.status} ${await response.text()}`)
  const [cookie] = response.headers.getSetCookie()[0].split(';')
  const { source } = await response.json()
  return {
    /** A secret key with these scopes. */
    async newKey(scopes) {
      const made = await fetch(`${url}/v1/keys`, json({ source_id: source.id, kind: 'secret', name: 'Registry client', scopes }, { cookie }))
      if (!made.ok) throw new Error(`key: ${made.status} ${await made.text()}`)
      return (await made.json()).token
    },
  }
}

const json = (body, headers) => ({ method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) })
