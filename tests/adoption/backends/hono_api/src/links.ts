import { Hono } from 'hono'
import { auth, decodedOnly, type Env } from './auth.js'

const links = new Map<string, { owner: string; url: string; hits: number }>()

const app = new Hono<Env>()

app.get('/', auth, (c) => c.json([...links].filter(([, l]) => l.owner === c.get('userId')).map(([slug]) => slug)))

app.post('/', auth, async (c) => {
  const body = await c.req.json<{ url?: string }>().catch(() => ({ url: undefined }))
  if (!body.url) return c.json({ error: 'url is required' }, 400)
  const slug = Math.random().toString(36).slice(2, 8)
  links.set(slug, { owner: c.get('userId'), url: body.url, hits: 0 })
  return c.json({ slug }, 201)
})

app.delete('/:slug', auth, (c) => {
  const link = links.get(c.req.param('slug'))
  if (link?.owner === c.get('userId')) links.delete(c.req.param('slug'))
  return c.body(null, 204)
})

app.get('/:slug/stats', decodedOnly, (c) => {
  return c.json({ slug: c.req.param('slug'), hits: links.get(c.req.param('slug'))?.hits ?? 0 })
})

export { links }
export default app
