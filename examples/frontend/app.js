// The pages. In the stage `unified` every request carries a token of Clerk's; in `mixed` profile and chat still send the old one.
import { ask, leave, loaded } from '/session.js'

const mixed = window.STAGE === 'mixed'
const legacy = mixed ? await import('/legacy.js') : null
const main = document.querySelector('main')

function text(tag, words, more = {}) {
  return Object.assign(document.createElement(tag), { textContent: words }, more)
}

function list(entries, words) {
  const made = document.createElement('ul')
  made.append(...entries.map((entry) => text('li', words(entry))))
  return made
}

/** Asks a route that has not moved to Clerk in the mixed stage. */
async function askOld(path) {
  return await ask(path, legacy ? legacy.oldToken() : undefined)
}

const pages = {
  '/dashboard': async () => {
    const me = await ask('/users/me')
    return me && [text('h1', `Welcome ${me.first_name ?? ''}`), text('p', `You are signed in as ${me.email}.`)]
  },
  '/profile': async () => {
    const profile = await askOld('/profiles/me')
    return profile && [text('h1', 'Your profile'), text('p', profile.headline || 'Nothing is written here yet.')]
  },
  '/peers': async () => {
    const peers = await ask('/peers/suggested')
    return peers && [text('h1', 'People you may know'), list(peers, (peer) => peer.first_name ?? `Person ${peer.id}`)]
  },
  '/chat': async () => {
    const conversations = await askOld('/conversations')
    return conversations && [text('h1', 'Your conversations'), list(conversations, (each) => each.title)]
  },
}

async function fill(page) {
  try {
    const parts = await page()
    if (parts === null) return main.replaceChildren(text('p', 'The platform does not know you.'), text('button', 'Sign in again', { onclick: leave }))
    main.replaceChildren(...parts, text('button', 'Refresh', { id: 'refresh', onclick: () => fill(page) }))
  } catch (error) {
    main.replaceChildren(text('p', `Something went wrong: ${error.message}`), text('button', 'Try again', { onclick: () => fill(page) }))
  }
}

async function start() {
  const page = pages[location.pathname]
  if (!page) main.replaceChildren(text('h1', 'Find your way'), text('p', 'Careers, courses and people who have walked them.'))
  try {
    await loaded()
  } catch {
    if (page) main.replaceChildren(text('p', 'Signing in is not possible at the moment. Please try again in a minute.'))
    return
  }
  if (location.pathname === '/sign-in') return window.Clerk.redirectToSignIn({ redirectUrl: `${location.origin}/dashboard` })
  if (location.pathname === '/sign-up') return window.Clerk.redirectToSignUp({ redirectUrl: `${location.origin}/dashboard` })
  if (!window.Clerk.user) return page && leave()
  document.querySelector('nav').hidden = false
  document.querySelector('#sign-out').onclick = () => {
    legacy?.forget()
    window.Clerk.signOut({ redirectUrl: '/' })
  }
  let left = false
  window.Clerk.addListener(({ session }) => {
    if (session || left) return
    left = true
    legacy?.forget()
    if (page) leave()
  })
  if (page) await fill(page)
}

start()
