// Unmodified clerk-js in a real Chromium against the fake. Prints what happened as one line of JSON.
// Arguments: the fake's port, the publishable key, the domain, a ticket.
import http from 'node:http'
import chromium from '@sparticuz/chromium'
import { chromium as playwright } from 'playwright-core'
import { clerk, clerkSetup } from '@clerk/testing/playwright'

const [port, key, domain, ticket] = process.argv.slice(2)
const script = `https://${domain}/npm/@clerk/clerk-js@6/dist/clerk.browser.js`
const page_ = `<!doctype html><title>app</title><script async crossorigin="anonymous" data-clerk-publishable-key="${key}" src="${script}"></script>`
const app = http.createServer((_, answer) => answer.setHeader('content-type', 'text/html').end(page_))
await new Promise((done) => app.listen(0, '127.0.0.1', done))
const origin = `http://localhost:${app.address().port}`
const rules = `MAP ${domain} 127.0.0.1:${port}, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1`
// The package's arguments switch off what is to be examined: the same-origin policy, and with it CORS.
const unwanted = ['--disable-web-security', '--allow-running-insecure-content', '--disable-site-isolation-trials', '--single-process']
const args = chromium.args.filter((each) => !unwanted.includes(each))
const browser = await playwright.launch({
  executablePath: await chromium.executablePath(),
  args: [...args, `--host-resolver-rules=${rules}`],
  headless: true,
})

async function fresh() {
  const context = await browser.newContext({ ignoreHTTPSErrors: true }) // The certificate's authority is thrown away.
  const page = await context.newPage()
  page.on('pageerror', (error) => found.errors.push(String(error)))
  await page.goto(origin)
  await page.waitForFunction(() => window.Clerk)
  await page.evaluate(() => window.Clerk.load())
  return page
}
const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))
const token = async (page, options) => claims(await page.evaluate((o) => window.Clerk.session.getToken(o), options))
const found = { errors: [] }
try {
  let page = await fresh()
  found.stranger = await page.evaluate(() => window.Clerk.user ?? null)
  found.refused = await page.evaluate(async () => {
    try {
      await window.Clerk.client.signIn.create({ strategy: 'password', identifier: 'ann+clerk_test@example.com', password: 'wrong horse' })
    } catch (error) {
      return error.errors[0].code
    }
  })
  await page.evaluate(async () => {
    const made = await window.Clerk.client.signIn.create({ strategy: 'password', identifier: 'ann+clerk_test@example.com', password: 'correct horse' })
    await window.Clerk.setActive({ session: made.createdSessionId })
  })
  found.password = await token(page)
  await page.evaluate(() => window.Clerk.setActive({ organization: 'org_second' }))
  found.switched = await token(page)
  found.templated = await token(page, { template: 'db' })
  await page.reload()
  await page.waitForFunction(() => window.Clerk?.loaded || (window.Clerk && window.Clerk.load() && false))
  found.reloaded = await page.evaluate(() => window.Clerk.user?.primaryEmailAddress.emailAddress ?? null)
  found.cookie = (await page.context().cookies(origin)).map((each) => each.name).filter((name) => name === '__session')
  // It ends on the app's first page.
  await Promise.all([page.waitForEvent('load'), page.evaluate(() => void window.Clerk.signOut())])
  await page.waitForFunction(() => window.Clerk)
  await page.evaluate(() => window.Clerk.load())
  found.signedOut = await page.evaluate(() => window.Clerk.session ?? null)

  page = await fresh()
  await page.evaluate(async () => {
    const made = await window.Clerk.client.signIn.create({ identifier: 'ann+clerk_test@example.com' })
    const factor = made.supportedFirstFactors.find((each) => each.strategy === 'email_code')
    await made.prepareFirstFactor({ strategy: 'email_code', emailAddressId: factor.emailAddressId })
    const done = await made.attemptFirstFactor({ strategy: 'email_code', code: '424242' })
    await window.Clerk.setActive({ session: done.createdSessionId })
  })
  found.code = await token(page)

  page = await fresh()
  await page.evaluate(async (given) => {
    const made = await window.Clerk.client.signIn.create({ strategy: 'ticket', ticket: given })
    await window.Clerk.setActive({ session: made.createdSessionId })
  }, ticket)
  found.ticket = await token(page)

  page = await fresh()
  found.signedUp = await page.evaluate(async () => {
    const made = await window.Clerk.client.signUp.create({ emailAddress: 'new+clerk_test@example.com', password: 'long enough' })
    await made.prepareEmailAddressVerification({ strategy: 'email_code' })
    const done = await made.attemptEmailAddressVerification({ code: '424242' })
    await window.Clerk.setActive({ session: done.createdSessionId })
    return window.Clerk.user.primaryEmailAddress.emailAddress
  })

  // @clerk/testing, which asks the Backend API from this process.
  await clerkSetup({ publishableKey: key, dotenv: false })
  const ways = {
    password: { signInParams: { strategy: 'password', identifier: 'ann+clerk_test@example.com', password: 'correct horse' } },
    code: { signInParams: { strategy: 'email_code', identifier: 'ann+clerk_test@example.com' } },
    address: { emailAddress: 'ann+clerk_test@example.com' },
  }
  found.testing = {}
  for (const [way, given] of Object.entries(ways)) {
    page = await fresh()
    await clerk.signIn({ page, ...given })
    await page.waitForFunction(() => window.Clerk.session)
    found.testing[way] = (await token(page)).sub
  }
} finally {
  found.origin = origin
  console.log('=> ' + JSON.stringify(found))
  await browser.close()
  app.close()
}
