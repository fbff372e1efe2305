import { createApp } from 'vue'
import { clerkPlugin } from '@clerk/vue'
import App from './App.vue'

createApp(App).use(clerkPlugin, { publishableKey: window.KEY, signInUrl: '/sign-in', signUpUrl: '/sign-up' }).mount('#app')
