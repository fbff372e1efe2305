import { clerkMiddleware, createRouteMatcher } from '@clerk/nextjs/server'

const closed = createRouteMatcher(['/dashboard(.*)', '/profile(.*)', '/tenants(.*)', '/organization(.*)'])

export default clerkMiddleware(async (auth, request) => {
  if (closed(request)) await auth.protect()
})

export const config = { matcher: ['/((?!_next|.*\\.ico).*)'] }
