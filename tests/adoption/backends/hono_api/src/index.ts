import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import links, { links as table } from './links.js'

const app = new Hono().basePath('/api')

app.use('*', cors({ origin: process.env.FRONTEND_URL ?? 'http://localhost:3000' }))

app.get('/', (c) => c.text('Hello Hono!'))
app.get('/go/:slug', (c) => {
  const link = table.get(c.req.param('slug'))
  if (!link) return c.notFound()
  link.hits += 1
  return c.redirect(link.url)
})
app.route('/links', links)

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, (info) => {
  console.log(`Server is running on http://localhost:${info.port}`)
})
