// A page of @clerk/react: hooks and control components, without Clerk's own forms.
import { useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { ClerkProvider, RedirectToSignIn, Show, SignIn, useAuth, useClerk, useOrganizationList, useUser } from '@clerk/react'

function Form() {
  const clerk = useClerk()
  const enter = async () => {
    const made = await clerk.client.signIn.create({ strategy: 'password', identifier: 'ann@example.com', password: 'correct horse' })
    await clerk.setActive({ session: made.createdSessionId })
  }
  return <button id="in" onClick={enter}>Sign in</button>
}

function Inside() {
  const { getToken, orgId, has, signOut } = useAuth()
  const { user } = useUser()
  const { userMemberships, setActive } = useOrganizationList({ userMemberships: true })
  const [token, setToken] = useState('')
  useEffect(() => void getToken().then(setToken), [orgId])
  return <>
    <p id="who">{user.primaryEmailAddress.emailAddress}</p>
    <p id="token">{token}</p>
    <p id="admin">{String(has({ role: 'org:admin' }))}</p>
    {(userMemberships?.data ?? []).map(({ organization }) =>
      <button key={organization.id} className="org" onClick={() => setActive({ organization })}>{organization.name}</button>)}
    <button id="out" onClick={() => signOut()}>Sign out</button>
  </>
}

function Loaded() {
  return <p id="loaded">{String(useAuth().isLoaded)}</p>
}

createRoot(document.querySelector('#app')).render(
  <ClerkProvider publishableKey={window.KEY}>
    <Loaded />
    <Show when="signed-in"><Inside /></Show>
    <Show when="signed-out">{{ '/protected': <RedirectToSignIn />, '/components': <SignIn /> }[location.pathname] ?? <Form />}</Show>
  </ClerkProvider>
)
