import path from 'node:path'

// The packages are beside this folder, not in it.
export default { turbopack: { root: path.resolve(import.meta.dirname, '..') } }
