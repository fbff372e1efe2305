import { ClerkProvider } from '@clerk/nextjs'

export default function Layout({ children }) {
  return (
    <ClerkProvider>
      <html lang="en"><body>{children}</body></html>
    </ClerkProvider>
  )
}
