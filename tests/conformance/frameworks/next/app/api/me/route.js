import { auth, clerkClient } from '@clerk/nextjs/server'

export async function GET() {
  const { isAuthenticated, userId, orgId } = await auth()
  if (!isAuthenticated) return Response.json({ error: 'signed out' }, { status: 401 })
  const user = await (await clerkClient()).users.getUser(userId)
  return Response.json({ userId, orgId: orgId ?? null, address: user.primaryEmailAddress.emailAddress })
}
