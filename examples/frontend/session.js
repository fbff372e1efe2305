// Who is signed in, and what is sent to the backend: Clerk's SDK alone, which gives a fresh token for each request.

/** Resolves when Clerk's SDK is there and has loaded; rejects while Clerk cannot be reached. */
export async function loaded() {
  if (window.Clerk === undefined) {
    await new Promise((done, failed) => {
      const script = document.querySelector('#clerk')
      const fail = () => failed(new Error('Clerk cannot be reached'))
      script.addEventListener('load', done)
      script.addEventListener('error', fail)
      if (window.Clerk !== undefined) done()
      if (window.clerkFailed) fail()
    })
  }
  await window.Clerk.load()
}

/** Goes to the sign-in, and comes back to this page. */
export function leave() {
  window.Clerk.redirectToSignIn({ redirectUrl: location.href })
}

/** Asks the backend; null when it does not know who asks. */
export async function ask(path, token) {
  const answer = await fetch(`/api${path}`, { headers: { authorization: `Bearer ${token ?? (await window.Clerk.session.getToken())}` } })
  if (answer.status === 401) return null
  if (!answer.ok) throw new Error(`the platform answers ${answer.status}`)
  return await answer.json()
}
