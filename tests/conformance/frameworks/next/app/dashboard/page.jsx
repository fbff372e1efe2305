import { auth, currentUser } from '@clerk/nextjs/server'

// The page is made by the server: from the session's cookie, and from what the Backend API says of the user.
export default async function Page() {
  const { userId, orgSlug, has } = await auth()
  const user = await currentUser()
  return <>
    <p id="user">{userId}</p>
    <p id="organization">{orgSlug ?? 'none'}</p>
    <p id="admin">{String(has({ role: 'org:admin' }))}</p>
    <p id="address">{user.primaryEmailAddress.emailAddress}</p>
  </>
}
