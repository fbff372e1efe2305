import { Show, SignInButton, UserButton } from '@clerk/nextjs'

export default function Page() {
  return <>
    <Show when="signed-out"><SignInButton /></Show>
    <Show when="signed-in"><p id="in">Signed in</p><UserButton /></Show>
  </>
}
