// A small front end with real clerk-js. `flaw` names what is wrong with it, `style` how it signs in and sends its token:
// on the account portal with a bearer token, or by a form of its own with Clerk's session cookie; `one`: by such a form, all in one document.
const { flaw, api, style } = window.SETTINGS
const has = (name) => flaw.split(' ').includes(name)
const protectedPages = ['/dashboard', '/profile']
const app = document.querySelector('#app')
let path = location.pathname
const own = style === 'own' || style === 'one'
const one = style === 'one'
const answers = new Map()

// Another page: in one document, or by loading it.
function go(to) {
  if (!one) return location.assign(to)
  history.pushState(null, '', to)
  path = location.pathname
  start()
}

function show(html) {
  app.innerHTML = html
}

async function loaded() {
  if (window.Clerk === undefined) {
    await new Promise((done, failed) => {
      const script = document.querySelector('#clerk')
      script.addEventListener('load', done)
      script.addEventListener('error', () => failed(new Error('Clerk cannot be reached')))
      if (window.Clerk !== undefined) done()
      if (window.clerkFailed) failed(new Error('Clerk cannot be reached'))
    })
  }
  await window.Clerk.load()
}

let kept = null
async function token() {
  if (has('stale') || has('old-tenant')) return (kept ??= await window.Clerk.session.getToken())
  if (has('old-token')) return sessionStorage.x ?? btoa(`${window.Clerk.user.primaryEmailAddress.emailAddress}:7:true:1700000000`)
  return await window.Clerk.session.getToken()
}

async function ask(what) {
  const headers = {}
  let query = ''
  if (!own && flaw !== 'no-token') headers.authorization = `Bearer ${await token()}`
  if (has('beside')) headers['x-auth-token'] = btoa(`${window.Clerk.user.primaryEmailAddress.emailAddress}:7:true:1700000000`)
  if (has('query')) query = `?access=${await token()}`
  if (own) await window.Clerk.session.getToken()
  const lenient = has('no-token') || has('old-token') ? '/old' : ''
  const answer = await fetch(api + lenient + what + query, { headers, credentials: own ? 'include' : 'omit' })
  return answer.ok ? await answer.json() : null
}

// A websocket, which says who it is by its first message or by a subprotocol.
function live(first, protocols) {
  return new Promise((done) => {
    const socket = new WebSocket(`${api.replace('http', 'ws')}/live`, protocols)
    socket.onopen = () => socket.send(first)
    socket.onmessage = () => { socket.close(); done() }
    socket.onerror = () => done()
  })
}

async function elsewhere() {
  const text = await window.Clerk.session.getToken()
  if (has('talks')) await live(JSON.stringify({ type: 'auth', token: text }), [])
  if (has('protocol')) await live('hello', ['bearer', text])
  if (has('mute')) await live('hello', [])
  if (has('old-talk')) await live(`${JSON.stringify({ token: text })} ${btoa(`${window.Clerk.user.primaryEmailAddress.emailAddress}:7:true:1700000000`)}`, [])
  if (has('posted')) window.parent.postMessage({ type: 'token', token: text }, '*')
  if (has('posted-home')) window.parent.postMessage({ type: 'token', token: text }, location.origin)
  if (has('analytics')) await fetch('https://stats.example.com/visit', { method: 'POST', mode: 'no-cors', body: JSON.stringify({ text }) }).catch(() => {})
  if (has('stored')) localStorage.setItem('userToken', btoa(`${window.Clerk.user.primaryEmailAddress.emailAddress}:7:true:1700000000`))
  if (has('session-stored')) sessionStorage.setItem('auth', JSON.stringify({ value: text }))
  if (has('database')) await remember(text)
  if (has('cached')) await (await caches.open('answers')).put('/token.json', new Response(JSON.stringify({ value: text }), { headers: { 'content-type': 'application/json' } }))
  if (has('named')) window.name = btoa(JSON.stringify({ user_id: window.Clerk.user.id, at: 2 }))
  if (has('state')) history.replaceState({ value: text }, '')
  if (has('worker-tells')) await shared({ url: 'https://stats.example.com/visit', init: { method: 'POST', mode: 'no-cors', body: JSON.stringify({ text }) } })
  if (has('keyed')) sessionStorage.setItem(`GET /me ${text}`, '1')
  if (has('filed')) await file(JSON.stringify({ value: text }))
  if (has('navigated')) window.navigation.updateCurrentEntry({ state: { value: text } })
  if (has('cookie')) document.cookie = `backend=${text}; path=/`
  if (has('address')) history.replaceState(null, '', `${path}#id=${text}`)
  if (has('printed')) app.dataset.state = btoa(JSON.stringify({ user_id: window.Clerk.user.id, at: 1 }))
  if (has('logged')) console.log('signed in with', text)
}

// A database of the browser's, as libraries of state keep it.
function remember(value) {
  return new Promise((done) => {
    const asked = indexedDB.open('persisted')
    asked.onupgradeneeded = () => asked.result.createObjectStore('state')
    asked.onsuccess = () => {
      const writing = asked.result.transaction('state', 'readwrite')
      writing.objectStore('state').put(new Map([['auth', { value }]]), 'root')
      writing.oncomplete = () => { asked.result.close(); done() }
    }
  })
}

// A worker of all tabs, which tells another host of it.
function shared(task) {
  const worker = new SharedWorker('/shared.js')
  return new Promise((done) => { worker.port.onmessage = () => done(); worker.port.postMessage(task) })
}

// A file of the origin's own.
async function file(value) {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('queue', { create: true })
  const writing = await (await folder.getFileHandle('next.json', { create: true })).createWritable()
  await writing.write(value)
  await writing.close()
}

async function fill() {
  if (has('flash')) {
    const before = localStorage.getItem('name')
    if (before) {
      show(`<p>${before}</p>`)
      await new Promise((done) => setTimeout(done, 700))
    }
    localStorage.setItem('name', window.Clerk.user.fullName)
  }
  const me = answers.get('me') ?? (await ask('/me'))
  if (me === null) return leave()
  if (has('answers') || has('answers-first')) answers.set('me', me)
  if (has('offline') || has('offline-first')) localStorage.setItem('last', window.Clerk.user.fullName)
  show(`<section id="content"><h1>${path.slice(1)}</h1><p id="me">${me.sub}</p><p id="name">${window.Clerk.user.fullName}</p>
    <p id="tenant">${me.organization ?? ''}</p><button id="again">Again</button><button id="out">Sign out</button>
    ${window.Clerk.user.organizationMemberships.map((m) => `<button data-org="${m.organization.id}">${m.organization.name}</button>`).join('')}
    </section>`)
  document.querySelector('#again').onclick = () => fill()
  document.querySelector('#out').onclick = () => signOut()
  for (const button of document.querySelectorAll('[data-org]')) button.onclick = () => choose(button.dataset.org)
  if (has('shared')) {
    const before = localStorage.getItem('names')
    localStorage.setItem('names', window.Clerk.user.fullName)
    if (before) app.append(before)
  }
  if (has('mixed')) {
    const answer = await fetch(`${api}/last?name=${encodeURIComponent(window.Clerk.user.fullName)}`, { headers: { authorization: `Bearer ${await token()}` } })
    app.append((await answer.json()).names.join())
  }
  await elsewhere()
  if (has('harmless')) {
    await remember('dark')
    await (await caches.open('pages')).put('/me.json', new Response(JSON.stringify({ id: window.Clerk.user.id }), { headers: { 'content-type': 'application/json' } }))
    history.replaceState({ scroll: 40 }, '')
    window.name = 'main'
    await file('{"theme": "dark"}')
    sessionStorage.setItem(`GET /me ${window.Clerk.user.id}`, '1')
    window.navigation.updateCurrentEntry({ state: { scroll: 40 } })
  }
}

async function choose(organization) {
  if (flaw !== 'tenant') await window.Clerk.setActive({ organization })
  await fill()
}

async function signOut() {
  if (has('stays')) localStorage.setItem('in', '1')
  if (has('local-sign-out')) return location.assign('/')
  if (has('empties')) { answers.clear(); localStorage.removeItem('last') }
  if (one) { await window.Clerk.signOut(() => {}); return go('/sign-in') }
  await window.Clerk.signOut({ redirectUrl: '/' })
}

function leave() {
  if (has('loop')) return location.assign(path === '/dashboard' ? '/profile' : '/dashboard')
  if (own) return go(`/sign-in?to=${encodeURIComponent(has('not-back') ? '/' : path)}`)
  window.Clerk.redirectToSignIn({ redirectUrl: has('not-back') ? location.origin : location.href })
}

function form() {
  show('<form><input name="email"><button type="submit">Go on</button></form>')
  const to = new URLSearchParams(location.search).get('to') ?? '/dashboard'
  let started = null
  document.querySelector('form').onsubmit = async (event) => {
    event.preventDefault()
    const field = document.querySelector('form input')
    if (started === null) {
      started = await window.Clerk.client.signIn.create({ identifier: field.value })
      if (has('address-kept')) localStorage.setItem('last-address', field.value)
      document.querySelector('form').innerHTML = '<input type="password"><button type="submit">Sign in</button>'
      return
    }
    const done = await started.attemptFirstFactor({ strategy: 'password', password: field.value })
    if (has('password-kept')) sessionStorage.setItem('form', btoa(JSON.stringify({ at: 1, word: field.value })))
    if (has('password-sent')) await fetch('https://replay.example.com/typed', { method: 'POST', mode: 'no-cors', body: JSON.stringify({ word: field.value }) }).catch(() => {})
    if (has('password-address')) history.replaceState(null, '', `?word=${encodeURIComponent(field.value)}`)
    await window.Clerk.setActive({ session: done.createdSessionId })
    go(to)
  }
}

// A sign-up of the front end's own: address and password, then the code.
function signUpForm() {
  show('<form><input name="email"><input type="password"><button type="submit">Sign up</button></form>')
  let started = null
  document.querySelector('form').onsubmit = async (event) => {
    event.preventDefault()
    const [field, password] = document.querySelectorAll('form input')
    if (started === null) {
      started = await window.Clerk.client.signUp.create({ emailAddress: field.value, password: password.value })
      await started.prepareEmailAddressVerification({ strategy: 'email_code' })
      document.querySelector('form').innerHTML = '<input name="code"><button type="submit">Go on</button>'
      return
    }
    if (has('unverified')) return location.assign('/')
    const done = await started.attemptEmailAddressVerification({ code: field.value })
    if (has('stuck')) return show('<p>Thank you</p><input name="code">')
    await window.Clerk.setActive({ session: done.createdSessionId })
    location.assign('/dashboard')
  }
}

async function start() {
  if (has('public-closed') && path === '/') {
    await loaded()
    return window.Clerk.user ? show('<h1>Welcome</h1>') : leave()
  }
  if (path === '/') show('<h1>Welcome</h1>')
  if (localStorage.getItem('broken')) return show('<p>Something went wrong</p>')
  const last = protectedPages.includes(path) && localStorage.getItem('last')
  if (last && has('offline-first')) show(`<p>${last}</p>`)
  if (has('open') && path === '/profile') return show('<section id="content"><h1>profile</h1></section>')
  if (has('gives-up')) {
    const clerk = new URL(document.querySelector('#clerk').src).origin
    await fetch(`${clerk}/v1/environment`).catch(() => localStorage.setItem('broken', '1'))
  }
  try {
    await loaded()
  } catch {
    if (has('fails-open') && protectedPages.includes(path)) return show('<section id="content"><h1>offline</h1></section>')
    if (last) return show(`<section id="content"><h1>${last}</h1></section>`)
    if (has('blank')) return document.body.replaceChildren()
    if (path !== '/') show('<p>Signing in is not possible at the moment. <button onclick="location.reload()">Try again</button></p>')
    return
  }
  if (path === '/sign-up') return signUpForm()
  if (path === '/sign-in') return window.Clerk.user ? go('/dashboard') : form()
  if (!protectedPages.includes(path)) return
  if (!window.Clerk.user) return leave()
  let in_ = true
  if (!has('goes-on') && !has('polls')) {
    window.Clerk.addListener(({ session }) => {
      if (!session && in_) {
        in_ = false
        leave()
      }
    })
  }
  if (has('polls')) {
    const first = await window.Clerk.session.getToken()
    setInterval(() => fetch(api + '/me', { headers: { authorization: `Bearer ${first}` } }), 5000)
  }
  await fill()
}

start()
