"""What packages and globals of front ends are: Clerk's, stores of the browser, cookies, clients of HTTP, encoders."""

from __future__ import annotations

import re

CLERK_PACKAGE = re.compile(r"^(@clerk/|vue-clerk$|svelte-clerk|clerk-sveltekit|clerk-solidjs|@nuxtjs/clerk|#clerk$)")
CLERK_MAKERS = {"useAuth", "useClerk", "useSession", "useUser", "auth", "getAuth", "clerkClient", "useSignIn", "useSignUp", "Clerk",
                "currentUser", "createClerkClient", "useSessionList", "getClient", "getClerkInstance", "buildClerkProps", "useClerkContext",
                "$auth", "$authStore", "$clerkStore", "ClerkProvider", "useOrganization"}  # fmt: skip
"""Names of Clerk's packages that lead to a session's `getToken`."""
ALONE = {"useAuth", "useClerk", "useSession", "auth", "getAuth"}
"""Those that frameworks import by themselves (Nuxt), where the project depends on Clerk."""
STORES = {"localStorage": "localStorage", "sessionStorage": "sessionStorage"}
STORE_PACKAGES = {
    "@react-native-async-storage/async-storage": "AsyncStorage", "localforage": "localforage", "store2": "localStorage",
    "store": "localStorage", "js-cookie": "cookie", "cookies-next": "cookies-next", "universal-cookie": "cookie",
    "react-cookie": "cookie", "nookies": "nookies", "vue-cookies": "cookie", "vue3-cookies": "cookie", "next/headers": "cookie",
    "cookie-store": "cookie", "tiny-cookie": "cookie", "typescript-cookie": "cookies-next", "expo-secure-store": "SecureStore",
    "@capacitor/preferences": "Preferences",
}  # fmt: skip
READS = {"getItem", "get", "getItemAsync", "getCookie", "getString", "has"}
WRITES = {"setItem", "set", "setItemAsync", "setCookie", "save"}
REMOVES = {"removeItem", "remove", "delete", "deleteItemAsync", "deleteCookie", "destroyCookie", "removeCookie"}
HOOKS = {"useLocalStorage", "useSessionStorage", "useStorage", "usePersistedState", "useLocalStorageState", "atomWithStorage",
         "useCookie", "useStickyState", "usePersistentState", "persistentAtom", "useReadLocalStorage", "useAsyncStorage",
         "createPersistentSignal", "persisted", "localStorageStore"}  # fmt: skip
"""Functions of libraries that keep a value under the key that is their first argument."""
BASE64_PACKAGES = {"js-base64", "base-64", "base64-js", "buffer", "abab", "universal-base64", "Base64"}
ENCODERS = {"btoa", "encode", "toBase64", "encodeURI", "fromByteArray", "b64encode", "base64Encode", "encodeBase64"}
HTTP_PACKAGES = {"axios": "axios", "ky": "fetch", "ofetch": "fetch", "ky-universal": "fetch", "node-fetch": "fetch",
                 "cross-fetch": "fetch", "isomorphic-fetch": "fetch", "superagent": "fetch", "redaxios": "axios", "got": "fetch",
                 "undici": "fetch", "wretch": "fetch"}  # fmt: skip
FETCHES = {"fetch", "$fetch", "useFetch", "useLazyFetch", "ofetch"}
AXIOS_METHODS = {"get", "post", "put", "patch", "delete", "head", "options", "request", "postForm", "putForm"}
PASSING = {"useState", "useRef", "useMemo", "useCallback", "ref", "shallowRef", "computed", "unref", "toValue", "toRef", "String",
           "encodeURIComponent", "decodeURIComponent", "writable", "readable", "derived", "get", "$state", "$derived", "createSignal",
           "signal", "atom", "reactive", "readonly", "useEvent", "memo", "Promise", "cache", "forwardRef", "atob",
           "jwtDecode", "jwt_decode", "inject", "resolve", "storeToRefs"}  # fmt: skip
"""Functions whose result is, for a credential, what they are given."""
CLERK_COOKIES = re.compile(r"^__(session|client|client_uat|clerk\w*|refresh)(_\w+)?$")
