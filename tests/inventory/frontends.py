"""Front ends of a few lines, in several styles, and what the inventory has to say of each file.

A fact is a name, the files, and for each file its state and the kinds of its places that count or are to be looked at.
"""

from __future__ import annotations

from typing import NamedTuple


class Fact(NamedTuple):
    """`files`: text by path. `states`: by path, for every file of which something is to be said. `left`: `file:line kind`."""

    name: str
    files: dict[str, str]
    states: dict[str, str]
    left: tuple[str, ...] = ()


def one(name: str, file: str, text: str, state: str, *left: str) -> Fact:
    """A fact of one file; no state means that nothing is said of it."""
    return Fact(name, {file: text}, {file: state} if state else {}, tuple(f"{file}:{each}" for each in left))


FLAWED = [
    one("a token in localStorage", "a.js", "localStorage.setItem('token', t)", "left", "1 storage"),
    one("window.sessionStorage", "a.ts", "const t = window.sessionStorage.getItem('accessToken') as string", "left", "1 storage"),
    one("an alias", "a.js", "const s = localStorage;\nlet r = s;\nr.setItem('jwt', x)", "left", "3 storage"),
    one("destructured", "a.js", "const { localStorage: ls } = globalThis;\nls.getItem('id_token')", "left", "2 storage"),
    one("a property", "a.js", "localStorage.authToken = t;\nsessionStorage['jwt'] = t", "left", "1 storage", "2 storage"),
    one("optional chaining", "a.ts", "const t = window?.localStorage?.getItem('user_token')", "left", "1 storage"),
    one("a constant key", "a.ts", "const KEY = 'access_token' as const;\nlocalStorage.getItem(KEY)", "left", "2 storage"),
    one("a key put together", "a.ts", "const P = 'app.';\nlocalStorage.getItem(P + 'token');\nlocalStorage.getItem(`${P}jwt`)", "left",
        "2 storage", "3 storage"),
    one("an enum's key", "a.ts", "enum K { T = 'token' }\nlocalStorage.getItem(K.T)", "left", "2 storage"),
    one("under a neutral key", "a.js", "localStorage.setItem('user', JSON.stringify({ name, token: res.token }))", "left", "1 storage"),
    one("Clerk's own token, kept", "a.tsx",
        "import { useAuth } from '@clerk/clerk-react';\nexport async function f() {\n  const { getToken } = useAuth();\n"
        "  localStorage.setItem('cached', await getToken() ?? '')\n}", "left", "4 storage"),
    one("a cookie by js-cookie", "a.ts", "import Cookies from 'js-cookie';\nCookies.set('auth_token', t, { expires: 7 })", "left", "2 storage"),
    one("document.cookie", "a.js", "document.cookie = `token=${t}; path=/`", "left", "1 storage"),
    one("document.cookie is read", "a.js", "const t = document.cookie.split('; ').find(r => r.startsWith('token='))", "left", "1 storage"),
    one("a cookie on Next's server", "app/page.tsx",
        "import { cookies } from 'next/headers';\nexport default async function Page() {\n"
        "  const token = (await cookies()).get('token')?.value;\n"
        "  await fetch(`${process.env.API_URL}/me`, { headers: { Authorization: `Bearer ${token}` } });\n}", "left", "3 storage", "4 header"),
    one("Nuxt's useCookie", "a.vue", "<template><p/></template>\n<script setup lang=\"ts\">\nconst token = useCookie<string>('token')\n</script>",
        "left", "3 storage"),
    one("VueUse", "a.ts", "import { useLocalStorage } from '@vueuse/core';\nexport const token = useLocalStorage('token', '')", "left", "2 storage"),
    one("a store that persists", "s.ts",
        "import { create } from 'zustand';\nimport { persist } from 'zustand/middleware';\n"
        "export const useAuthStore = create(persist((set) => ({ token: null, login: (t) => set({ token: t }) }), { name: 'auth' }))",
        "left", "3 storage"),
    one("btoa of credentials", "a.js", "const t = btoa(`${user.email}:${user.id}:true:${Date.now()}`)", "left", "1 base64"),
    one("Buffer", "a.ts", "const token = Buffer.from(email + ':' + userId).toString('base64')", "left", "1 base64"),
    one("js-base64", "a.ts", "import { Base64 } from 'js-base64';\nexport const t = Base64.encode(JSON.stringify({ email, id }))", "left", "2 base64"),
    one("atob of what is kept", "a.js", "const t = localStorage.getItem('token');\nconst [email] = atob(t).split(':')", "left",
        "1 storage", "2 base64"),
    one("a header by fetch", "a.js", "fetch('/api/me', { headers: { Authorization: 'Bearer ' + localStorage.getItem('token') } })", "left",
        "1 header", "1 storage"),
    one("Headers.set", "a.ts", "const h = new Headers();\nh.set('authorization', `Bearer ${sessionStorage.getItem('jwt')!}`)", "left",
        "2 header", "2 storage"),
    one("XMLHttpRequest", "a.js", "const t = localStorage.getItem('token');\nconst x = new XMLHttpRequest();\nx.open('GET', '/api/me');\n"
        "x.setRequestHeader('Authorization', 'Bearer ' + t)", "left", "1 storage", "4 header"),
    one("axios' defaults", "a.js", "import axios from 'axios';\naxios.defaults.headers.common['Authorization'] = `Bearer ${localStorage.token}`",
        "left", "2 header", "2 storage"),
    one("an interceptor", "api.ts",
        "import axios, { type InternalAxiosRequestConfig } from 'axios';\nconst api = axios.create({ baseURL: import.meta.env.VITE_API_URL });\n"
        "api.interceptors.request.use((config: InternalAxiosRequestConfig) => {\n  const token = localStorage.getItem('token');\n"
        "  if (token) config.headers.set('Authorization', `Bearer ${token}`);\n  return config;\n});\nexport default api;", "left",
        "4 storage", "5 header"),
    one("a state of React's", "a.tsx",
        "import { useEffect, useState } from 'react';\nexport function A() {\n  const [token, setToken] = useState<string | null>(null);\n"
        "  useEffect(() => { setToken(localStorage.getItem('token')) }, []);\n"
        "  return fetch('/api/x', { headers: { Authorization: `Bearer ${token}` } });\n}", "left", "4 storage", "5 header"),
    one("either the one or the other", "a.ts",
        "import { useAuth } from '@clerk/nextjs';\nexport async function h() {\n  const { getToken } = useAuth();\n"
        "  const t = (await getToken()) ?? localStorage.getItem('token');\n  return { Authorization: `Bearer ${t}` };\n}", "left",
        "4 storage", "5 header"),
    one("a generic of TypeScript", "a.ts",
        "export class Client<T extends object> {\n  private get token(): string | null { return localStorage.getItem('token') }\n"
        "  async get<R = T>(path: string): Promise<R> {\n    const r = await fetch(path, { headers: this.h() });\n"
        "    return r.json() as Promise<R>;\n  }\n  private h() { return { Authorization: `Bearer ${localStorage.getItem('token')}` } }\n}",
        "left", "2 storage", "7 header", "7 storage"),
    one("Svelte", "a.svelte", "<h1>Hi</h1>\n<script>\n  export let t = localStorage.getItem('token');\n</script>", "left", "3 storage"),
    one("Astro's frontmatter", "a.astro",
        "---\nconst t = Astro.cookies.get('x');\nconst auth = btoa(`${email}:${password}`);\n---\n<p/>\n<script>localStorage.token = 1</script>",
        "left", "3 base64", "6 storage"),
    one("a page of HTML", "a.html", "<script>\nlocalStorage.setItem('token', 'x');\n</script>", "left", "2 storage"),
    one("JavaScript with types of Flow", "a.js", "// @flow\nconst f = (x: string): ?string => localStorage.getItem('token');", "left",
        "2 storage"),
    Fact("a wrapper in another file",
         {"lib/storage.ts": "export const storage = {\n  get: (key: string) => window.localStorage.getItem(key),\n};",
          "page.tsx": "import { storage } from './lib/storage';\nexport const t = storage.get('token');\nexport const c = storage.get('theme');"},
         {"page.tsx": "left"}, ("page.tsx:2 storage",)),
    Fact("a helper in another file, by an alias of tsconfig",
         {"tsconfig.json": '{ "compilerOptions": { "paths": { "#/*": ["./source/*"], } } } // so\n',
          "source/auth.ts": "export function authHeader() {\n  return { Authorization: `Bearer ${localStorage.getItem('token')}` };\n}",
          "pages/a.tsx": "import { authHeader } from '#/auth';\nexport const load = () => fetch('/api/a', { headers: authHeader() });"},
         {"source/auth.ts": "left", "pages/a.tsx": "left"}, ("source/auth.ts:2 header", "source/auth.ts:2 storage")),
    Fact("a constant in another file, handed on",
         {"keys.ts": "export const KEYS = { session: 'session_token', theme: 'theme' } as const;", "index.ts": "export * from './keys';",
          "a.ts": "import * as all from './index';\nlocalStorage.removeItem(all.KEYS.theme);\nlocalStorage.getItem(all.KEYS.session);"},
         {"a.ts": "left"}, ("a.ts:3 storage",)),
    Fact("a client of HTTP in another file",
         {"api.js": "const axios = require('axios');\nconst api = axios.create({ baseURL: '/api' });\n"
                    "api.interceptors.request.use(c => { c.headers.Authorization = localStorage.getItem('jwt'); return c; });\n"
                    "module.exports = { api };",
          "a.js": "const { api } = require('./api');\napi.get('/me');"},
         {"api.js": "left", "a.js": "left"}, ("api.js:3 header", "api.js:3 storage")),
    Fact("a parameter that a caller fills from a store",
         {"api.ts": "export const call = (path: string, token: string) =>\n"
                    "  fetch(path, { headers: { Authorization: `Bearer ${token}` } });",
          "a.ts": "import { call } from './api';\ncall('/api/me', localStorage.getItem('token')!);"},
         {"api.ts": "left", "a.ts": "left"}, ("api.ts:2 header", "a.ts:2 storage")),
]  # fmt: skip

CORRECT = [
    one("React's hook", "a.tsx",
        "import { useAuth } from '@clerk/clerk-react';\nexport function useApi() {\n  const { getToken } = useAuth();\n"
        "  return async (path: string) => {\n    const token = await getToken({ template: 'backend' });\n"
        "    return fetch(`/api${path}`, { headers: { Authorization: `Bearer ${token}` } });\n  };\n}", "migrated"),
    one("a hook that is not taken apart", "a.tsx",
        "import { useAuth as useClerkAuth } from '@clerk/nextjs';\nexport const useHeader = () => {\n  const auth = useClerkAuth();\n"
        "  return async () => ({ Authorization: `Bearer ${await auth.getToken()}` });\n}", "migrated"),
    one("useSession", "a.tsx",
        "import { useSession } from '@clerk/clerk-react';\nexport function A() {\n  const { session } = useSession();\n"
        "  return async () => { const h = new Headers(); h.append('Authorization', `Bearer ${await session?.getToken()}`); };\n}", "migrated"),
    one("Next's server", "app/page.tsx",
        "import { auth } from '@clerk/nextjs/server';\nexport default async function Page() {\n  const { getToken } = await auth();\n"
        "  const r = await fetch(`${process.env.API_URL}/me`, { headers: { Authorization: `Bearer ${await getToken()}` } });\n"
        "  return r.json();\n}", "migrated"),
    one("window.Clerk in an interceptor", "api.ts",
        "import axios from 'axios';\nexport const api = axios.create({ baseURL: '/api' });\n"
        "api.interceptors.request.use(async (config) => {\n  const token = await window.Clerk?.session?.getToken();\n"
        "  config.headers.Authorization = `Bearer ${token}`;\n  return config;\n});\nexport const me = () => api.get('/me');", "migrated"),
    one("a composable of Vue's", "a.vue",
        "<script setup lang=\"ts\">\nimport { useAuth } from '@clerk/vue'\nconst { getToken } = useAuth()\nasync function load() {\n"
        "  const token = await getToken.value()\n  await fetch('/api/me', { headers: { Authorization: `Bearer ${token}` } })\n}\n</script>\n"
        "<template><button @click=\"load\"/></template>", "migrated"),
    one("Clerk's object", "a.js",
        "import { Clerk } from '@clerk/clerk-js';\nconst clerk = new Clerk('k');\nawait clerk.load();\n"
        "clerk.session.getToken().then((token) => fetch('/api/me', { headers: { Authorization: `Bearer ${token}` } }));", "migrated"),
    one("a header kept in a variable", "a.ts",
        "import { useAuth } from '@clerk/nextjs';\nexport async function f() {\n  const { getToken } = useAuth();\n"
        "  const headers: Record<string, string> = {};\n  headers['Authorization'] = `Bearer ${await getToken()}`;\n"
        "  return fetch('/api/me', { headers });\n}", "migrated"),
    Fact("getToken handed to a helper",
         {"api.ts": "export async function api<T>(path: string, getToken: () => Promise<string | null>): Promise<T> {\n"
                    "  const token = await getToken();\n"
                    "  return (await fetch(path, { headers: { Authorization: `Bearer ${token}` } })).json();\n}",
          "a.tsx": "import { useAuth } from '@clerk/nextjs';\nimport { api } from './api';\nexport function A() {\n"
                   "  const { getToken } = useAuth();\n  return <button onClick={() => api<User>('/api/me', getToken)} />;\n}"},
         {"api.ts": "migrated", "a.tsx": "migrated"}),
    Fact("a setter of getToken",
         {"client.ts": "import axios from 'axios';\nlet getter: null | (() => Promise<string>) = null;\n"
                       "export const setGetter = (f) => { getter = f; };\nexport const client = axios.create();\n"
                       "client.interceptors.request.use(async (c) => { c.headers.Authorization = `Bearer ${await getter()}`; return c; });",
          "a.tsx": "import { useAuth } from '@clerk/nextjs';\nimport { setGetter } from './client';\n"
                   "export function A() { const { getToken } = useAuth(); setGetter(() => getToken()); return null; }"},
         {"client.ts": "migrated"}),
    Fact("a property of a component",
         {"a.tsx": "import { useAuth } from '@clerk/nextjs';\nimport { B } from './b';\n"
                   "export function A() { const { getToken } = useAuth(); return <B getToken={getToken} />; }",
          "b.tsx": "export function B({ getToken }) {\n"
                   "  return async () => ({ headers: { Authorization: `Bearer ${await getToken()}` } });\n}"},
         {"b.tsx": "migrated"}),
    Fact("an own hook around Clerk's",
         {"hooks.ts": "import { useAuth } from '@clerk/nextjs';\nexport function useToken() {\n  const { getToken } = useAuth();\n"
                      "  return { fresh: () => getToken({ skipCache: true }) };\n}",
          "a.ts": "import { useToken } from './hooks';\nexport async function f() {\n  const { fresh } = useToken();\n"
                  "  return { Authorization: `Bearer ${await fresh()}` };\n}"},
         {"a.ts": "migrated"}),
]  # fmt: skip

INNOCENT = [
    one("settings", "a.js", "localStorage.setItem('theme', 'dark'); sessionStorage.setItem('sidebar', '1'); localStorage.lang = 'de'", ""),
    one("where to go after signing in", "a.js", "sessionStorage.setItem('authRedirect', location.href); localStorage.getItem('loginReturnUrl')",
        ""),
    one("protection from forgery", "a.js", "const t = Cookies.get('csrftoken'); fetch('/x', { headers: { 'X-CSRFToken': t } })", ""),
    one("a device's token", "a.ts", "localStorage.setItem('fcmToken', t); localStorage.setItem('push-device-token', t)", ""),
    one("tokens of a language model", "a.ts", "localStorage.setItem('maxTokens', '100'); localStorage.setItem('tokenCount', n)", ""),
    one("tokens of a design", "a.ts", "const tokens = { color: 'red' }; localStorage.setItem('designTokens', JSON.stringify(tokens))", ""),
    one("an image", "a.ts", "const src = 'data:image/png;base64,' + btoa(String.fromCharCode(...bytes)); const f = Buffer.from(file).toString('base64')",
        ""),
    one("a cursor of pages", "a.ts", "const cursor = btoa(`${user.id}:${page}`); const next = atob(cursor)", ""),
    one("HTTP Basic to somebody else", "a.ts",
        "const auth = Buffer.from(`${process.env.SID}:${process.env.AUTH_TOKEN}`).toString('base64');\n"
        "fetch('https://api.twilio.com/messages', { headers: { Authorization: `Basic ${auth}` } })", ""),
    one("a key to somebody else", "a.ts",
        "fetch('https://api.openai.com/v1/chat', { headers: { Authorization: `Bearer ${process.env.OPENAI_API_KEY}` } })", ""),
    one("a client of somebody else's", "a.ts",
        "import axios from 'axios';\naxios.create({ baseURL: 'https://api.stripe.com', headers: { Authorization: `Bearer ${key}` } })", ""),
    one("a map of one's own", "a.ts", "const cache = new Map<string, string>(); cache.set('token', t); cache.get('token')", ""),
    one("another object of the name", "a.ts", "export function f(localStorage: Store) { return localStorage.getItem('token') }", ""),
    one("types only", "a.ts", "export interface Config { headers: { Authorization: string } }\ntype T = { token: string }", ""),
    one("in a comment and in a text", "a.js", "// localStorage.getItem('token')\nconst help = \"never use localStorage.setItem('token')\"", ""),
    one("a name that is allowed", "a.ts", "const allowed = ['Authorization', 'Content-Type']; res.setHeader('Access-Control-Allow-Headers', 'Authorization')",
        ""),
    one("a header taken away", "a.ts", "import axios from 'axios';\ndelete axios.defaults.headers.common.Authorization", ""),
    one("whether somebody is signed in", "a.js", "const t = token !== null; if (session) { show() }", ""),
    one("a file of the site", "a.ts", "fetch('/locales/de.json'); fetch('/api/health'); fetch('https://example.com/api/x')", ""),
    one("an image in a page", "a.html", "<img src='x.png'><script type='application/json'>{\"token\": 1}</script>", ""),
]  # fmt: skip

UNKNOWN = [
    one("no credential that can be seen", "a.ts", "export const load = () => fetch('/api/jobs')", "unknown"),
    one("the same, to an address of the environment", "a.ts", "fetch(`${import.meta.env.VITE_API_URL}/jobs`, { method: 'POST' })", "unknown"),
    one("the same by axios", "a.ts", "import axios from 'axios';\nconst api = axios.create({ baseURL: '/api' });\napi.get('/jobs')", "unknown"),
    one("of unknown origin", "a.ts", "export const h = (token: string) => ({ Authorization: `Bearer ${token}` })", "unknown"),
    one("getToken of something else", "a.ts",
        "import { getToken } from 'some-sdk';\nfetch('/api/x', { headers: { Authorization: `Bearer ${await getToken()}` } })", "unknown"),
    one("HTTP Basic to the backend", "a.ts", "fetch('/api/x', { headers: { Authorization: 'Basic ' + btoa(user + ':' + password) } })", "unknown"),
    one("only removed", "a.ts", "export const clean = () => localStorage.removeItem('token')", "unknown"),
    one("what may be one", "a.ts", "localStorage.setItem('auth', JSON.stringify(answer))", "unknown"),
    one("Clerk's cookie", "a.ts", "import { cookies } from 'next/headers';\nexport const s = async () => (await cookies()).get('__session')", "unknown"),
    one("in the markup", "a.vue", "<template><a @click=\"localStorage.setItem('token', t)\"/></template>\n<script>\nexport default {}\n</script>",
        "unknown"),
    one("not understood", "a.ts", "export const a = ;;; {{ <<<<<<< HEAD", "unknown"),
]  # fmt: skip
