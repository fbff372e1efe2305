"""What keeps a credential in further styles: stores of state that persist, cookies of requests, helpers; flawed and innocent ones."""

from __future__ import annotations

from tests.inventory.frontends import one

FLAWED = [
    one("Pinia that persists", "auth.ts",
        "import { defineStore } from 'pinia';\nexport const useAuth = defineStore('auth', {\n"
        "  state: () => ({ token: '' as string, user: null }),\n  persist: true,\n});", "left", "2 storage"),
    one("Pinia with a setup that persists", "auth.ts",
        "import { defineStore } from 'pinia';\nimport { ref } from 'vue';\nexport const useAuth = defineStore('auth', () => {\n"
        "  const accessToken = ref<string | null>(null);\n  return { accessToken };\n}, { persist: { pick: ['accessToken'] } });",
        "left", "3 storage"),
    one("redux-persist", "store.ts",
        "import { persistReducer } from 'redux-persist';\nconst r = persistReducer({ key: 'root', storage, whitelist: ['token'] }, f);",
        "left", "2 storage"),
    one("vuex-persistedstate", "store.js",
        "import createPersistedState from 'vuex-persistedstate';\nexport const p = [createPersistedState({ paths: ['auth.token'] })];",
        "left", "2 storage"),
    one("a cookie in Next's middleware", "middleware.ts",
        "export function middleware(request: NextRequest) {\n  const token = request.cookies.get('token')?.value;\n"
        "  const headers = new Headers(request.headers);\n  headers.set('authorization', `Bearer ${token}`);\n"
        "  return NextResponse.next({ request: { headers } });\n}", "left", "2 storage", "4 header"),
    one("a cookie in SvelteKit's load", "src/routes/+page.server.ts",
        "export const load = async ({ cookies }) => {\n  const token = cookies.get('auth_token');\n"
        "  return fetch('/api/me', { headers: { Authorization: `Bearer ${token}` } });\n};", "left", "2 storage", "3 header"),
    one("a cookie of Astro's", "a.astro", "---\nconst token = Astro.cookies.get('token')?.value;\n---\n<p/>", "left", "2 storage"),
    one("a cookie found by a pattern", "a.js",
        "const found = document.cookie.match(/(?:^|; )access_token=([^;]*)/);\n"
        "fetch('/api/x', { headers: { Authorization: 'Bearer ' + decodeURIComponent(found[1]) } });", "left", "1 storage", "2 header"),
    one("a helper that encodes", "a.ts",
        "const encode = (text: string) => btoa(unescape(encodeURIComponent(text)));\n"
        "export const token = encode([user.email, user.id, user.isActive].join(':'));", "left", "2 base64"),
    one("a cookie of react-cookie's", "a.tsx",
        "import { useCookies } from 'react-cookie';\nexport function A() {\n  const [cookies] = useCookies(['token']);\n"
        "  return fetch('/api/me', { headers: { Authorization: `Bearer ${cookies.token}` } });\n}", "left", "3 storage", "4 header"),
    one("a key in a class", "auth.service.ts",
        "export class AuthService {\n  private readonly KEY = 'access_token';\n  get token() { return localStorage.getItem(this.KEY) }\n}",
        "left", "3 storage"),
    one("a phone's preferences", "a.ts",
        "import { Preferences } from '@capacitor/preferences';\nawait Preferences.set({ key: 'token', value: t });", "left", "2 storage"),
    one("the old token as HTTP Basic", "a.vue",
        "<script>\nexport default { async mounted() {\n  const token = localStorage.getItem('user_token');\n"
        "  await fetch('/api/jobs', { headers: { Authorization: `Basic ${token}` } });\n} }\n</script>", "left", "3 storage", "4 header"),
]  # fmt: skip

CORRECT = [
    one("getToken of a package of Clerk's", "a.ts",
        "import { getToken } from '@clerk/react';\n"
        "export const get = async (p: string) => fetch('/api' + p, { headers: { Authorization: `Bearer ${await getToken()}` } });",
        "migrated"),
]  # fmt: skip

INNOCENT = [
    one("Pinia that does not persist", "a.ts",
        "import { defineStore } from 'pinia';\nexport const useAuth = defineStore('auth', { state: () => ({ token: '' }) });", ""),
    one("Pinia that keeps settings alone", "a.ts",
        "import { defineStore } from 'pinia';\nexport const useApp = defineStore('app', {\n"
        "  state: () => ({ token: '', theme: 'dark' }),\n  persist: { pick: ['theme'] },\n});", ""),
    one("Pinia that leaves the token out", "a.ts",
        "import { defineStore } from 'pinia';\nexport const useApp = defineStore('app', {\n"
        "  state: () => ({ token: '', theme: 'dark' }),\n  persist: { omit: ['token'] },\n});", ""),
    one("Clerk's getToken in a store that persists", "a.ts",
        "import { create } from 'zustand';\nimport { persist } from 'zustand/middleware';\n"
        "export const useApp = create(persist(() => ({ theme: '', getToken: () => Clerk.session.getToken() }), { name: 'app' }));",
        ""),
    one("redux-persist of settings", "a.ts",
        "import { persistReducer } from 'redux-persist';\nconst r = persistReducer({ key: 'auth', storage, whitelist: ['theme'] }, f);",
        ""),
    one("another cookie of a request", "middleware.ts",
        "export const middleware = (request) => [request.cookies.get('NEXT_LOCALE'), request.cookies.get('csrf_token')];", ""),
    one("another cookie found by a pattern", "a.js",
        "const found = document.cookie.match(/theme=(\\w+)/);\nfetch('/x', { headers: { 'X-Theme': found[1] } });", ""),
    one("a map that is called cookies", "a.ts", "const cookies = new Map();\ncookies.get('token');", ""),
    one("a program's own credential", "a.ts",
        "const basic = btoa(`${process.env.USER}:${process.env.PASS}`);\n"
        "const h = new Headers();\nh.set('Authorization', `Bearer ${process.env.CMS_TOKEN}`);\n"
        "fetch('https://cms.example.com/x', { headers: h });", ""),
    one("a helper that encodes a picture", "a.ts",
        "const encode = (text: string) => btoa(text);\nexport const picture = encode(svg);", ""),
    one("a key in a class, of settings", "a.ts",
        "export class Settings {\n  private readonly KEY = 'theme';\n  get theme() { return localStorage.getItem(this.KEY) }\n}", ""),
    one("a phone's settings", "a.ts",
        "import { Preferences } from '@capacitor/preferences';\nawait Preferences.set({ key: 'theme', value: t });", ""),
]  # fmt: skip
