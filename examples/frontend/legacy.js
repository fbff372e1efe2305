// The old login, of the mixed stage only: base64 of `email:user_id:onboarding_completed:timestamp`, kept in localStorage.
import { ask } from '/session.js'

/** The old token; made of what Clerk's own routes say, as long as some routes want it. */
export async function oldToken() {
  const kept = localStorage.getItem('userToken')
  if (kept) return kept
  const me = await ask('/users/me')
  const made = btoa(`${me.email}:${me.id}:${me.onboarding_completed}:${Math.floor(Date.now() / 1000)}`)
  localStorage.setItem('userToken', made)
  return made
}

/** What has to be thrown away with the session. */
export function forget() {
  localStorage.removeItem('userToken')
}
