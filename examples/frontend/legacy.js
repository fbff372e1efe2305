// The old login, of the mixed stage only: base64 of `email:user_id:onboarding_completed:timestamp`, kept in localStorage.

/** The old token. Nothing is signed, so the page can make it by itself. */
export function oldToken() {
  const kept = localStorage.getItem('userToken')
  if (kept) return kept
  const { primaryEmailAddress, externalId } = window.Clerk.user
  const made = btoa(`${primaryEmailAddress.emailAddress}:${externalId ?? 0}:true:${Math.floor(Date.now() / 1000)}`)
  localStorage.setItem('userToken', made)
  return made
}

/** What has to be thrown away with the session. */
export function forget() {
  localStorage.removeItem('userToken')
}
